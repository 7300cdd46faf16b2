"""The configuration of supervisord, written from the plan."""

import sys
from pathlib import Path

from soundstage.plan import GROUP, MOST_REPLICAS, OUTSIDE, STAGES, Plan

STOP_WAIT_S = 2

HEAD = """\
[supervisord]
nodaemon=true
silent=true
logfile={state}/log/supervisord.log
logfile_maxbytes=2MB
logfile_backups=1
pidfile={state}/supervisord.pid
childlogdir={state}/log

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[group:{group}]
programs={names}
"""

PROGRAM = """
[program:{name}]
command="{python}" -m soundstage.stages {name} "{state}"
autostart={starts}
autorestart=false
startsecs=0
stopasgroup=true
killasgroup=true
stopwaitsecs={wait_s}
redirect_stderr=true
stdout_logfile={state}/log/{name}.log
stdout_logfile_maxbytes=2MB
stdout_logfile_backups=0
environment={environment}
"""

ENVIRONMENT = (
    # One thread per process: eight NumPys must not fight for two cores. And a second of sound stays
    # below what malloc maps afresh each time, which halves the price of every step (mallopt(3)).
    'OMP_NUM_THREADS="1",OPENBLAS_NUM_THREADS="1",MALLOC_ARENA_MAX="2",'
    'MALLOC_MMAP_THRESHOLD_="8388608",MALLOC_TRIM_THRESHOLD_="16777216",PYTHONPATH="{path}"'
)


def write_config(plan: Plan, state: Path) -> Path:
    """Write ``supervisord.conf`` into the state folder and return its path."""
    (state / "log").mkdir(parents=True, exist_ok=True)
    source = Path(__file__).resolve().parents[2]
    names = [process.name for process in plan.processes]
    spare = [OUTSIDE, *(f"{stage}-{n}" for stage in STAGES for n in range(2, MOST_REPLICAS + 1))]
    text = HEAD.format(
        state=_quote(state),
        socket=_quote(plan.supervisor_socket),
        group=GROUP,
        names=",".join([*names, *spare]),
    )
    for name in [*names, *spare]:
        text += PROGRAM.format(
            name=name,
            starts="true" if name in names else "false",
            python=_quote(sys.executable),
            state=_quote(state),
            wait_s=STOP_WAIT_S,
            environment=ENVIRONMENT.format(path=_quote(source)),
        )
    path = state / "supervisord.conf"
    path.write_text(text, encoding="utf-8")
    return path


def _quote(value: object) -> str:
    # supervisord expands %(name)s in its values.
    return str(value).replace("%", "%%")
