#!/usr/bin/env python3
"""A real Apache Kafka on this machine, for tests and for trying Strata on a broker without Docker.

    scripts/kafka.py install              fetch the broker with Maven (about 45 MB, once) and prepare it
    scripts/kafka.py start [--port 9092]  start it and wait until it serves; --port 0 takes free ports
    scripts/kafka.py status               say whether it serves, and where
    scripts/kafka.py stop                 stop it cleanly

One node in KRaft mode, loopback only, 256 MiB of heap. Its data, log and process id are in --folder (default
.strata/kafka); data outlives a stop and a kill. It needs Java 17 or later, and Maven, which fetches from where it is
set up to. What is fetched stays in Maven's own folder; what is made of it in $STRATA_KAFKA_CACHE, or
~/.cache/strata/kafka-VERSION. deploy/compose.yaml runs the same version in Docker.

As any Kafka, it acknowledges what its replicas have in memory, and it has none: a kill loses nothing, a power cut may
lose the last seconds. --flush makes it sync first, which costs it most of its speed on one disk.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

VERSION = "4.1.1"
MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>strata</groupId><artifactId>kafka-runtime</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
"""
LOGGING = """rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = Console
appender.file.name = file
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n
"""
# Quick to start rather than quick for hours: the client compiler alone, classes from an archive (1.2 s against 4 s).
JAVA = ("java", "-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
CLUSTER_ID = "c3RyYXRhLWxvY2FsLWthZg"
FLUSH = "log.flush.interval.messages=1\n"
START_S = 60.0
STOP_S = 30.0


class Trouble(Exception):
    """What went wrong and what to try."""


def cache() -> Path:
    """Where the prepared broker is."""
    named = os.environ.get("STRATA_KAFKA_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "strata" / f"kafka-{VERSION}"


def install() -> None:
    """Fetch and prepare what a start needs, unless it is there; one at a time."""
    home = cache()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(home):
            print(f"Apache Kafka {VERSION} is prepared in {home}; nothing to do.")
        else:
            fetch(home)


def fetch(home: Path) -> None:
    """Fetch the jars, format an empty store, and archive the classes that a start loads."""
    for tool, package in (("java", "a Java runtime, 17 or later"), ("mvn", "Apache Maven")):
        if shutil.which(tool) is None:
            raise Trouble(f"Kafka needs {package}, and there is no {tool} here. Install it, or use deploy/compose.yaml")
    print(f"Fetching Apache Kafka {VERSION} with Maven (about 45 MB, into Maven's folder) and preparing it in {home}.")
    (home / "pom.xml").write_text(POM)
    (home / "log4j2.properties").write_text(LOGGING)
    found = home / "classpath.new"
    listing = ("mvn", "-q", "-B", f"{MAVEN_PLUGIN}:build-classpath", "-Dmdep.includeScope=runtime")
    run([*listing, f"-Dmdep.outputFile={found}"], home, "Maven could not fetch the broker")
    prepare(home, found.read_text().strip())
    found.replace(home / "classpath")
    print(f"Prepared; {(home / 'classes.jsa').stat().st_size / 1e6:.0f} MB.")


def is_installed(home: Path) -> bool:
    """Whether all that a start needs is still there."""
    listed = home / "classpath"
    return listed.exists() and all(Path(jar).exists() for jar in listed.read_text().split(":"))


def prepare(home: Path, classpath: str) -> None:
    """One start and stop of an empty broker, which leaves a formatted store and an archive of classes."""
    trial = home / "trial"
    shutil.rmtree(trial, ignore_errors=True)
    write_properties(trial, 0)
    java = [*JAVA, "-cp", classpath]
    formatting = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(trial / "server.properties")]
    run([*java, *formatting], trial, "the store could not be formatted")
    shutil.rmtree(home / "formatted", ignore_errors=True)
    shutil.copytree(trial / "data", home / "formatted")
    launch(trial, [*JAVA, f"-XX:ArchiveClassesAtExit={home / 'classes.jsa'}", *serving(home, trial, classpath)])
    stop(trial)
    shutil.rmtree(trial)


def serving(home: Path, folder: Path, classpath: str) -> list[str]:
    """The rest of the command line of a broker."""
    logging = f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}"
    return [logging, "-cp", classpath, "kafka.Kafka", str(folder / "server.properties")]


def run(command: list[str], folder: Path, trouble: str) -> None:
    """Run to the end; raise Trouble with what it said last."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{trouble}: {(done.stdout + done.stderr).strip()[-1_000:]}")


def start(folder: Path, port: int | None, flush: bool) -> None:
    """Start the broker of a folder, new or as it was left, and wait until it serves."""
    if running(folder) is not None:
        raise Trouble(f"a broker runs from {folder} already, at {address(folder)}")
    home = cache()
    if not is_installed(home):
        install()
    if not (folder / "data").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(home / "formatted", folder / "data")
    if port is None:
        port = int(address(folder).rpartition(":")[2]) if (folder / "server.properties").exists() else 9092
    write_properties(folder, port, flush)
    archive = f"-XX:SharedArchiveFile={home / 'classes.jsa'}"
    began = time.monotonic()
    launch(folder, [*JAVA, archive, *serving(home, folder, (home / "classpath").read_text())])
    print(f"Apache Kafka {VERSION} serves at {address(folder)} ({time.monotonic() - began:.1f} s).")


def write_properties(folder: Path, port: int, flush: bool = False) -> None:
    """The broker's settings; port 0 is a free one."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", port)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"port": one.getsockname()[1], "controller_port": other.getsockname()[1]}
    settings = PROPERTIES.format(**ports, data=folder.resolve() / "data") + (FLUSH if flush else "")
    (folder / "server.properties").write_text(settings)


def launch(folder: Path, command: list[str]) -> None:
    """Start a broker apart from this process and wait until it serves."""
    with (folder / "broker.log").open("ab") as log:
        broker = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=folder
        )
    (folder / "pid").write_text(f"{broker.pid}\n")
    until = time.monotonic() + START_S
    while not serves(address(folder)):
        if broker.poll() is not None or time.monotonic() > until:
            broker.kill()
            broker.wait()
            (folder / "pid").unlink(missing_ok=True)
            said = (folder / "broker.log").read_text(errors="replace").strip()[-1_000:]
            how = f"ended with {broker.returncode}" if broker.returncode != -9 else f"did not serve in {START_S:.0f} s"
            raise Trouble(f"the broker {how}; {folder / 'broker.log'} ends: {said}")
        time.sleep(0.05)


def serves(where: str) -> bool:
    """Whether a broker there names itself in its metadata: it takes records then, not only connections."""
    host, port = where.split(":")
    request = struct.pack(">hhihi", 3, 1, 1, -1, 0)  # Metadata, version 1, no client name, no topics
    try:
        with socket.create_connection((host, int(port)), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            reply = connection.makefile("rb").read(12)
    except OSError:
        return False
    return len(reply) == 12 and struct.unpack(">iii", reply)[2] > 0


def address(folder: Path) -> str:
    """Where the broker of a folder listens."""
    lines = dict(line.split("=", 1) for line in (folder / "server.properties").read_text().splitlines() if "=" in line)
    return lines["advertised.listeners"].removeprefix("PLAINTEXT://")


def running(folder: Path) -> int | None:
    """The process id of the broker of a folder, when that process is alive and is this broker."""
    try:
        pid = int((folder / "pid").read_text())
    except (FileNotFoundError, ValueError):
        return None
    said = subprocess.run(
        ["ps", "-ww", "-o", "stat=,args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    alive = not said.stdout.startswith("Z") and str(folder / "server.properties") in said.stdout
    return pid if alive else None


def stop(folder: Path) -> None:
    """Stop the broker of a folder and wait until it is gone."""
    pid = running(folder)
    if pid is None:
        print(f"No broker runs from {folder}.")
        return
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_S
    while running(folder) is not None:
        if time.monotonic() > until:
            raise Trouble(f"the broker (process {pid}) did not stop in {STOP_S:.0f} s; see {folder / 'broker.log'}")
        time.sleep(0.05)
    (folder / "pid").unlink(missing_ok=True)
    print(f"Stopped the broker of {folder}.")


def status(folder: Path) -> int:
    """Say how it is; the exit status is 0 when it serves."""
    pid = running(folder)
    if pid is None:
        print(f"No broker runs from {folder}.")
        return 1
    good = serves(address(folder))
    print(f"Apache Kafka {VERSION} {'serves' if good else 'does not serve'} at {address(folder)} (process {pid}).")
    return 0 if good else 1


def main() -> int:
    about = __doc__ or ""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["install", "start", "stop", "status"])
    parser.add_argument("--folder", type=Path, default=Path(".strata/kafka"), help="data, log and process id")
    parser.add_argument("--port", type=int, help="start: where to listen; 9092 unless said, then as before")
    parser.add_argument("--flush", action="store_true", help="start: sync every record before it is acknowledged")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    try:
        if asked.action == "install":
            install()
        elif asked.action == "start":
            start(folder, asked.port, asked.flush)
        elif asked.action == "stop":
            stop(folder)
        else:
            return status(folder)
    except Trouble as trouble:
        print(f"kafka: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
