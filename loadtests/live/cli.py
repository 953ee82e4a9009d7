"""`strata prove` and `strata bench live`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from loadtests.progress import say

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    help="Prove the live path from outside: kill its servers and count, time an event from its door to an answer.",
)  # fmt: skip

WRONG = 1
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures (keys: docs/live_proofs.md).")
]
Log = Annotated[str, typer.Option(help="`embedded` or `kafka`; Kafka is started by scripts/kafka.py.")]
State = Annotated[str, typer.Option(help="`lmdb` or `redis`; a redis-server of the proof's own.")]


@app.command()
def crashes(
    *,
    kills: Annotated[int, typer.Option(min=1, help="How many times a random server is killed with SIGKILL.")] = 200,
    seed: Annotated[int, typer.Option(help="Decides victims, moments and events.")] = 1,
    log: Log = "embedded",
    state: State = "lmdb",
    with_gateway: Annotated[
        bool, typer.Option("--with-gateway", help="Kill a gateway too; publish through it.")
    ] = False,
    rate: Annotated[float, typer.Option(min=1, help="Events offered a second.")] = 400.0,
    users: Annotated[int, typer.Option(min=1, help="Known users the events are of.")] = 200,
    json: Json = None,
) -> None:
    """Kill servers at random moments under load; acknowledged must be counted, exactly.

    In a scratch home with servers of its own. A ledger of every event, its repeats and aliases is held to the state
    (totals and visits of each user) and to the history (each event once). Ends with 1 when anything differs.
    """
    from loadtests.live.crash_report import crash_document, print_crashes
    from loadtests.live.crashes import CrashTrial, Trial
    from loadtests.live.report import write
    from loadtests.live.servers import missing, scratch_folder
    from strata.errors import InputInvalid
    from strata.settings import load_settings

    if lacking := missing(log, state):
        raise InputInvalid(f"NOT PROVED: {lacking}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    settings = load_settings()
    trial = Trial(kills, seed, log, state, with_gateway, rate, users)
    folder = scratch_folder(settings.home, f"crashes-{log}-{state}")
    running = CrashTrial(settings, trial, folder, say)
    running.run()
    document = crash_document(running, trial)
    print_crashes(document)
    write(json, document)
    if document["differences"]:
        raise typer.Exit(WRONG)


@app.command()
def freshness(
    *,
    rate: Annotated[float, typer.Option(min=1, help="Events offered a second, beside the probes.")] = 1_000.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long to probe.")] = 20.0,
    log: Log = "embedded",
    state: State = "lmdb",
    users: Annotated[int, typer.Option(min=1, help="Users the load and the probes are of.")] = 2_000,
    probers: Annotated[int, typer.Option(min=1, help="Probes on their way at once.")] = 2,
    watch: Annotated[bool, typer.Option(help="Time WatchSegments messages too.")] = True,
    json: Json = None,
) -> None:
    """Time an event under load: from its acknowledgement to the GetSegments answer and the WatchSegments message.

    In a scratch home with servers of its own: the stream, a gateway of one worker. Ends with 1 when a probe never
    showed; a time past its goal (p99 50 ms embedded, 250 ms Kafka) is printed, not an error.
    """
    from loadtests.live.freshness import Trial, measure_freshness
    from loadtests.live.freshness_report import freshness_document, print_freshness
    from loadtests.live.report import write
    from loadtests.live.servers import missing, scratch_folder
    from strata.errors import InputInvalid
    from strata.settings import load_settings

    if lacking := missing(log, state):
        raise InputInvalid(f"NOT PROVED: {lacking}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    settings = load_settings()
    trial = Trial(rate, seconds, log, state, users, probers, watch)
    folder = scratch_folder(settings.home, f"freshness-{log}-{state}")
    document = freshness_document(measure_freshness(settings, trial, folder, say), trial)
    print_freshness(document)
    write(json, document)
    if document["lost"] or document["untold"]:
        raise typer.Exit(WRONG)


@app.command()
def releases(
    *,
    segmenter: Annotated[str, typer.Option(help="Whose versions are changed.")] = "value_tiers",
    rounds: Annotated[int, typer.Option(min=1, help="Promotions, rollbacks and shadows, each so often.")] = 5,
    shadow_s: Annotated[float, typer.Option("--shadow-seconds", min=0.5, help="How long a cost is measured.")] = 5.0,
    json: Json = None,
) -> None:
    """Promote, roll back, run a canary and a shadow on a gateway under load: no call may fail.

    In a scratch home, on a gateway of two workers with every segmenter embedded. The other version is a twin that
    differs in its description alone, so that every answer can be held to what it must be. Ends with 1 when a call
    failed or was not answered live, a canary missed its share by a percentage point, a rollback took a second, or the
    shadow agreed on nobody or disagreed on somebody.
    """
    from loadtests.live.release_report import print_releases, released
    from loadtests.live.report import write
    from loadtests.live.servers import scratch_folder
    from strata.settings import load_settings

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    settings = load_settings()
    document = released(settings, (segmenter, rounds, shadow_s), scratch_folder(settings.home, "releases"), say)
    print_releases(document)
    write(json, document)
    if document["faults"]:
        raise typer.Exit(WRONG)


@app.command()
def chaos(
    *,
    state: Annotated[str, typer.Option(help="`redis` (and a Bento server) or `lmdb`.")] = "redis",
    seed: Annotated[int, typer.Option(help="Decides the order of faults and the users.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="How often every fault happens.")] = 3,
    hold_s: Annotated[float, typer.Option("--hold-seconds", min=0.2, help="How long a fault lasts.")] = 5.0,
    fault: Annotated[list[str] | None, typer.Option("--fault", help="Only this one; may be repeated.")] = None,
    json: Json = None,
) -> None:
    """Break what a gateway leans on, one thing after the other: no wrong answer, no unmarked stale one, no hang.

    In a scratch home, on a gateway of two workers under callers with a deadline of 250 ms who know the right answer
    of every user (the clock stands still). Ends with 1 when an answer was wrong: another segment, a known user called
    unknown, a stale answer without its reason and age, a call past its deadline; and when more than one call in a
    hundred failed, but for UNAVAILABLE where a worker was killed or LMDB's file cut.
    """
    from loadtests.chaos.report import print_chaos
    from loadtests.chaos.scenes import Trial
    from loadtests.chaos.trial import document_of, run_chaos
    from loadtests.live.report import header, write
    from loadtests.live.servers import missing, scratch_folder
    from loadtests.users import read_users
    from strata.errors import InputInvalid
    from strata.settings import load_settings

    if state not in ("redis", "lmdb"):
        raise InputInvalid(f"--state is redis or lmdb, not {state}")
    if lacking := missing("embedded", state):
        raise InputInvalid(f"NOT PROVED: {lacking}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    settings = load_settings()
    trial = Trial(state, seed, rounds, hold_s, tuple(fault or ()))  # type: ignore[arg-type] # one of the two, by now
    outcome = run_chaos(settings, trial, scratch_folder(settings.home, f"chaos-{state}"), read_users(settings), say)
    document = header(f"strata prove chaos --state {state} --seed {seed} --rounds {rounds}") | document_of(
        trial, outcome
    )
    print_chaos(document)
    write(json, document)
    if document["wrong"]:
        raise typer.Exit(WRONG)


@app.command()
def soak(
    *,
    minutes: Annotated[float, typer.Option(min=0.2, help="For so long memory is judged.")] = 60.0,
    warm_up: Annotated[
        float | None,
        typer.Option(min=0, help="Minutes of the same load before; by default a quarter of --minutes, at most 15."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides users, events and pauses.")] = 1,
    rate: Annotated[
        float, typer.Option(min=1, help="GetSegments calls a second; 2 batches of 100 beside them.")
    ] = 100.0,
    events: Annotated[float, typer.Option(min=1, help="Events a second, half of them through the gateway.")] = 50.0,
    json: Json = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw memory over time (.svg or .png).")
    ] = None,
) -> None:
    """Run the whole platform under a steady load for an hour: its memory may not grow by 2 %, no answer be wrong.

    In a copy of the prepared home: `strata up` with its children, under single calls, batches, watches, events, and a
    release change now and then. Judged is what is resident without pages of the state's own file (the page cache's, of
    which there are more as the store is told more); both are shown. Ends with 1 when that grew past 2 %, of one process
    or of all together but those that shrank, or their anonymous memory did, when an answer was wrong, when a call
    failed, or when a server was started again. Ctrl-C ends it early and reports what was seen until then, with 1.
    """
    from loadtests.live.report import header, write
    from loadtests.live.servers import scratch_folder
    from loadtests.soak.picture import check_name, draw_memory
    from loadtests.soak.plan import Plan
    from loadtests.soak.report import document_of, print_soak
    from loadtests.soak.whole import soak_whole
    from loadtests.users import read_users
    from strata.settings import load_settings

    check_name(picture)
    settings = load_settings()
    plan = Plan(minutes, seed, calls_per_s=rate, events_per_s=events, warm_minutes=warm_up)
    users = read_users(settings)
    outcome = soak_whole(settings, plan, users, scratch_folder(settings.home, "soak"), say)
    document = header(f"strata prove soak --minutes {minutes:g} --seed {seed}") | document_of(plan, outcome)
    write(json, document)
    if picture is not None:
        draw_memory(picture, document)
    print_soak(document)
    if document["faults"] or not document["complete"]:
        raise typer.Exit(WRONG)
