"""What the process stands on: settings, clock, ids, JSON logs, own metrics and traces.

Import the submodules themselves (`auscult.runtime.clock`, `.ids`, `.settings`, `.logging`,
`.metrics`, `.tracing`, `.guards`): each loads only what it needs, and a heavy library only when
it is first used, so that `auscult --help` stays fast.
"""
