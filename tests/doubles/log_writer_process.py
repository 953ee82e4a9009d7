"""Run as a program: appends to a log until it is killed, and prints what was acknowledged.

    python log_writer_process.py SETTINGS_JSON APPENDERS BATCH

Each line printed is `partition offset data` of one record, after its append returned.
"""

from __future__ import annotations

import asyncio
import sys

from strata.settings import Settings
from streaming.log.open import open_log
from streaming.log.ports import LogWriter


async def _append_for_ever(writer: LogWriter, name: int, batch: int) -> None:
    number = 0
    while True:
        records = []
        for _ in range(batch):
            records.append((number % writer.partitions, f"{name}-{number}".encode()))
            number += 1
        offsets = await writer.append(records)
        lines = [f"{p} {offset} {data.decode()}\n" for (p, data), offset in zip(records, offsets, strict=True)]
        sys.stdout.write("".join(lines))
        sys.stdout.flush()


async def _main() -> None:
    settings, appenders, batch = sys.argv[1:]
    writer = open_log(Settings.model_validate_json(settings)).writer()
    await asyncio.gather(*(_append_for_ever(writer, name, int(batch)) for name in range(int(appenders))))


if __name__ == "__main__":
    asyncio.run(_main())
