"""The configuration of supervisord, written from the plan."""

import sys
from pathlib import Path

from soundstage.plan import GROUP, Plan

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
autostart=true
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
    # One thread per process: eight NumPys must not fight for two cores.
    'OMP_NUM_THREADS="1",OPENBLAS_NUM_THREADS="1",MALLOC_ARENA_MAX="2",PYTHONPATH="{path}"'
)


def write_config(plan: Plan, state: Path) -> Path:
    """Write ``supervisord.conf`` into the state folder and return its path."""
    (state / "log").mkdir(parents=True, exist_ok=True)
    source = Path(__file__).resolve().parents[2]
    names = [process.name for process in plan.processes]
    text = HEAD.format(
        state=_quote(state),
        socket=_quote(plan.supervisor_socket),
        group=GROUP,
        names=",".join(names),
    )
    for name in names:
        text += PROGRAM.format(
            name=name,
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
