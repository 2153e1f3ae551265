// Preloaded into a server (`node --import`): ends it as Ctrl-C would when its standard input ends, so that it never
// outlives the benchmark that started it, not even one that was killed.

process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
