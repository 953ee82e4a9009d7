"""`strata loadtest` and `strata bench`."""

from __future__ import annotations

import signal
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Hold a gateway to its budget, and measure what a call costs.")
costs = typer.Typer(add_completion=False, rich_markup_mode=None)
app.add_typer(costs, name="bench")

OUT = Path("loadtests/out")
"""Where reports go, below the working folder; ignored by git."""

PAST_BUDGET = 1
WRONG_REPLIES = 1


@app.command()
def loadtest(
    *,
    profile: Annotated[str, typer.Option(help="A profile of the budget file.")] = "default",
    target: Annotated[str, typer.Option(help="HOST:PORT of a gateway; the settings' own when left out.")] = "",
    budget: Annotated[Path | None, typer.Option(help="Another budget file than loadtests/budget.yaml.")] = None,
    users: Annotated[Path | None, typer.Option(help="User ids, one a line; from the history when left out.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/load_testing.md).")] = None,
    html: Annotated[Path | None, typer.Option(help="Where Locust's report goes.")] = None,
    seed: Annotated[int, typer.Option(help="Decides arrivals, users and the mix of calls.")] = 1,
    slow_ms: Annotated[
        float, typer.Option("--slow-ms", min=0, help="Hold replies back by this long, to see the gate close.")
    ] = 0.0,
) -> None:
    """Offer a load to a running gateway with Locust and hold it to the latency budget.

    Ends with 0 within the budget, 1 past it, 2 when the run could not be made as asked.
    """
    from loadtests.budget import load_profile
    from loadtests.report import print_verdict, waiting, write_verdict
    from loadtests.run import Load, list_versions, run_locust
    from loadtests.slow_proxy import slowed
    from loadtests.users import read_users
    from loadtests.verdict import judge, within
    from strata.settings import load_settings

    settings = load_settings()
    limits = load_profile(profile, budget)
    address = target or f"{settings.gateway.host}:{settings.gateway.port}"
    list_versions(address)
    known = read_users(settings, users)
    report = html or OUT / f"{profile}.html"
    with slowed(address, slow_ms / 1000) if slow_ms else nullcontext(address) as door:
        length_s = limits.warmup_s + limits.duration_s
        with waiting(f"offering {limits.rate:g} calls/s to {address}", length_s) as tick:
            measured = run_locust(Load(door, limits, known, seed, report), tick)
    lines = judge(limits, measured)
    print_verdict(profile, lines, measured, report)
    if json:
        write_verdict(json, profile, limits, lines, measured)
    if not within(lines):
        raise typer.Exit(PAST_BUDGET)


@costs.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="130 s instead of 8 minutes; wider spreads.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/benchmarks.md).")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the printed tables to a file.")] = None,
    users: Annotated[Path | None, typer.Option(help="User ids, one a line; from the history when left out.")] = None,
    glued: Annotated[bool, typer.Option(help="Measure the glued stack too; needs redis-server.")] = True,
) -> None:
    """Measure CPU, latency and throughput per call: an echo, the gateway in both placements, the glued stack.

    Starts its own servers, one worker each, on the prepared home; the load is native (h2load), users rotate, and
    replies are checked. Ends with 1 when a reply was wrong; a ratio past its bound is printed, not an error.

    The way of an event is measured by `strata bench live`.
    """
    if context.invoked_subcommand:
        return
    from loadtests.bench.plan import FULL, QUICK
    from loadtests.bench.show import run_and_show
    from loadtests.users import read_users
    from strata.settings import load_settings

    settings = load_settings()
    plan = QUICK if quick else FULL
    command = "strata bench" + " --quick" * quick + " --no-glued" * (not glued)
    known = read_users(settings, users)
    if not run_and_show(settings, known, plan, glued=glued, command=command, json_file=json, markdown_file=markdown):
        raise typer.Exit(WRONG_REPLIES)


@costs.command("live")
def bench_live(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter rounds; wider spreads.")] = False,
    log: Annotated[str, typer.Option(help="`embedded` or `kafka`.")] = "embedded",
    state: Annotated[str, typer.Option(help="`lmdb` or `redis`.")] = "lmdb",
    publishers: Annotated[int, typer.Option(min=1, help="Processes that publish as fast as they are answered.")] = 2,
    users: Annotated[int, typer.Option(min=1, help="Users the events are of.")] = 5_000,
    backfill: Annotated[bool, typer.Option(help="Time a rebuild from the prepared history too.")] = True,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/live_proofs.md).")] = None,
) -> None:
    """Events per second and core through door, log and fold; the backfill's rate; Feast's push to Redis beside them.

    In a scratch home with servers of its own and durability on; rounds are interleaved. A rate below its goal is
    printed, not an error.
    """
    from loadtests.live.report import write
    from loadtests.live.servers import missing, scratch_folder
    from loadtests.live.throughput import Plan, measure_throughput
    from loadtests.live.throughput_report import print_throughput, throughput_document
    from loadtests.progress import say
    from strata.errors import InputInvalid
    from strata.settings import load_settings

    if lacking := missing(log, state):
        raise InputInvalid(lacking)
    settings = load_settings()
    rounds, events, rows = (3, 10_000, 1_000) if quick else (5, 60_000, 5_000)
    copies = 0 if quick else 4
    plan = Plan(rounds, events, publishers, 500, users, rows, log, state, backfill, copies)
    outcome = measure_throughput(settings, plan, scratch_folder(settings.home, f"bench-{log}-{state}"), say)
    document = throughput_document(outcome, plan, quick)
    print_throughput(document)
    write(json, document)


@costs.command("peers")
def bench_peers(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Under 4 minutes instead of 10; wider spreads.")] = False,
    users: Annotated[Path | None, typer.Option(help="User ids, one a line; from the history when left out.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/benchmarks.md).")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the printed tables to a file.")] = None,
) -> None:
    """Measure the gateway in every placement and on both states beside C++ and Python echoes, the glued stack,
    MLServer and Ray Serve (the same model alone) and Feast's own server (features alone).

    Peers come from scripts/install_peers.py; one that is missing or does not start is named with the reason. Starts its
    own servers on the prepared home. Ends with 1 when a reply was wrong.
    """
    from loadtests.comparison.plan import FULL, QUICK
    from loadtests.comparison.report import compare_and_show
    from loadtests.users import read_users
    from strata.settings import load_settings

    settings = load_settings()
    command = "strata bench peers" + " --quick" * quick
    known, plan = read_users(settings, users), QUICK if quick else FULL
    if not compare_and_show(settings, known, plan, command=command, json_file=json, markdown_file=markdown):
        raise typer.Exit(WRONG_REPLIES)


@costs.command("tracing")
def bench_tracing(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="About a minute instead of 4; wider spreads.")] = False,
    users: Annotated[Path | None, typer.Option(help="User ids, one a line; from the history when left out.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/benchmarks.md).")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the printed tables to a file.")] = None,
) -> None:
    """Measure what traces cost: a gateway with tracing off, of every call, and of one call in a hundred.

    Each traced gateway sends to an OpenTelemetry Collector of its own, whose CPU is not counted as the gateway's.
    Starts its own servers, one worker each, on the prepared home. Ends with 1 when a reply was wrong.
    """
    from loadtests.bench.plan import FULL, QUICK
    from loadtests.tracing.show import run_and_show
    from loadtests.users import read_users
    from strata.settings import load_settings

    settings = load_settings()
    command = "strata bench tracing" + " --quick" * quick
    known, plan = read_users(settings, users), QUICK if quick else FULL
    if not run_and_show(settings, known, plan, command=command, json_file=json, markdown_file=markdown):
        raise typer.Exit(WRONG_REPLIES)


@costs.command("users")
def bench_users(
    *,
    sizes: Annotated[str, typer.Option(help="Numbers of users, with commas; 1,000 to 10,000,000 when left out.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Up to 100,000 users, fewer and shorter rounds.")] = False,
    redis: Annotated[bool, typer.Option(help="Measure Redis too (up to 1,000,000 users), where it is.")] = True,
    folder: Annotated[
        Path | None, typer.Option(help="Where the stores are built for the time of the run; the home when left out.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/benchmarks.md).")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the printed tables to a file.")] = None,
    users: Annotated[Path | None, typer.Option(help="Whose rows are multiplied; everyone's when left out.")] = None,
) -> None:
    """What reads cost as the store grows: 1,000 to 10,000,000 simulated users in LMDB, to 1,000,000 in Redis.

    Writes stores of the prepared home's rows under simulated names, reads them as the gateway does, calls a gateway
    over each, and removes them. All sizes take 56 GB of disk, 6 GB of memory and about 15 minutes; what is missing is
    said first. Ends with 1 when a call failed.
    """
    from loadtests.many_users.plan import make_plan
    from loadtests.many_users.report import shown, users_document, users_markdown, write_users
    from loadtests.many_users.run import measure_users
    from loadtests.users import read_users
    from strata.settings import load_settings

    settings = load_settings()
    plan = make_plan(sizes, quick=quick)
    command = (
        "strata bench users" + f" --sizes {sizes}" * bool(sizes) + " --quick" * quick + " --no-redis" * (not redis)
    )
    with shown() as bar:
        outcome = measure_users(settings, read_users(settings, users), plan, bar, redis=redis, folder=folder)
    text = users_markdown(outcome, plan, command)
    print(text)
    if json:
        write_users(json, users_document(outcome, plan, command))
    if markdown:
        markdown.write_text(text, encoding="utf-8")
    if any(one.failed for one in outcome.calls):
        raise typer.Exit(WRONG_REPLIES)


@costs.command("overload")
def bench_overload(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="10 s of overload a side instead of 60.")] = False,
    seconds: Annotated[float, typer.Option(min=0, help="So many seconds of overload a side; 0: 60.")] = 0.0,
    times: Annotated[float, typer.Option(min=1, help="So many times the measured capacity is offered.")] = 3.0,
    users: Annotated[Path | None, typer.Option(help="User ids, one a line; from the history when left out.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/benchmarks.md).")] = None,
) -> None:
    """Offer a gateway three times what it can answer, each call with 100 ms: without admission, with it, with few
    streams a connection, with HAProxy.

    Starts its own servers, one worker each, on the prepared home. Whether goodput, recovery and memory keep their
    goals, behind HAProxy and at best without it, is printed; a goal that is missed is no error.
    """
    from loadtests.live.report import write
    from loadtests.overload.plan import Plan
    from loadtests.overload.report import overload_document, print_overload
    from loadtests.overload.run import measure_overload
    from loadtests.users import read_users
    from strata.settings import load_settings

    settings = load_settings()
    plan = Plan(seconds or (10.0 if quick else 60.0), times)
    found = measure_overload(settings, read_users(settings, users), plan)
    print_overload(found)
    command = f"strata bench overload --seconds {plan.seconds:g} --times {plan.times:g}"
    write(json, overload_document(found, plan, command))


@costs.command("offered")
def bench_offered(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="2 rounds of 3 s a step instead of 3 of 10 s.")] = False,
    rounds: Annotated[int, typer.Option(min=0, help="So many rounds; 0: 3, or 2 with --quick.")] = 0,
    seconds: Annotated[float, typer.Option(min=0, help="So many seconds a step; 0: 10, or 3 with --quick.")] = 0.0,
    redis: Annotated[bool, typer.Option(help="The gateway on Redis too, where there is a redis-server.")] = True,
    glued: Annotated[bool, typer.Option("--glued", help="The glued stack too; needs redis-server.")] = False,
    users: Annotated[Path | None, typer.Option(help="User ids, one a line; from the history when left out.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/benchmarks.md).")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the printed tables to a file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw latency and goodput: a .png or .svg file.")] = None,
) -> None:
    """Latency and goodput at 10 % to 300 % of the capacity, open loop: the echo, the gateway on LMDB and on Redis.

    Starts its own servers, one worker each on the first core, on the prepared home; each step's load is a share of
    the capacity measured just before it. Ends with 1 when a reply was wrong; a ratio past its bound is printed, not an
    error.
    """
    from loadtests.offered.plan import QUICK, Plan
    from loadtests.offered.show import Files, run_and_show
    from loadtests.offered.sides import Wanted
    from loadtests.users import read_users
    from strata.settings import load_settings

    # SIGTERM unwinds like Ctrl-C, so that no server is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    settings = load_settings()
    usual = QUICK if quick else Plan()
    plan = replace(usual, rounds=rounds or usual.rounds, seconds=seconds or usual.seconds)
    command = f"strata bench offered --rounds {plan.rounds} --seconds {plan.seconds:g}" + " --glued" * glued
    wanted, files = Wanted(redis, glued), Files(json, markdown, picture)
    if not run_and_show(settings, read_users(settings, users), plan, wanted, command=command, files=files):
        raise typer.Exit(WRONG_REPLIES)


@costs.command("models")
def bench_models(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute; wider spreads.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON (keys: docs/benchmarks.md).")] = None,
) -> None:
    """What a row costs to score in one process: the demonstration's binary model and one of six classes, 1,200 trees;
    and models of prepared rows.

    The packages' own scoring beside LightGBM's Booster.predict and C API, one thread each, for 1, 32 and 500 rows a
    call, in interleaved rounds on the prepared home. Answers are compared first; other answers than LightGBM's end it
    with 1, a ratio past its bound is printed, not an error.
    """
    from loadtests.live.report import write
    from loadtests.models.measure import measure
    from loadtests.models.plan import FULL, QUICK
    from loadtests.models.prepared import prepared_subjects
    from loadtests.models.report import models_document, models_tables, ratios
    from loadtests.models.subjects import subjects
    from loadtests.progress import say
    from strata.settings import load_settings

    plan = QUICK if quick else FULL
    found = subjects(load_settings(), plan, say)
    prepared = prepared_subjects(found[0].values, found[0].package.manifest, plan.seed, say)
    samples = measure([*found, *prepared], plan, say)
    document = models_document(found, prepared, samples, plan, "strata bench models" + " --quick" * quick)
    print(models_tables(document, ratios(samples, plan)))
    write(json, document)
