/**
 * The supervisor behind `npm start`: makes the home and (as root) the system users, starts PostgreSQL, the server, the
 * launcher and the agent, restarts what dies, and stops all of it in order.
 *
 * ## The contract with the programs it starts (server, agent, launcher)
 *
 * Environment. Nothing of npm's or of the caller's reaches a child but PATH, HOME, LANG, LC_*, TZ, HTTPS_PROXY,
 * NO_PROXY, NODE_EXTRA_CA_CERTS, all WEIR_* and what this table sets:
 *
 * | variable             | server | agent | launcher | meaning                                                            |
 * |----------------------|--------|-------|----------|--------------------------------------------------------------------|
 * | WEIR_HOME            | x      | x     | x        | absolute; the paths inside are those of local/home.ts              |
 * | WEIR_CONTROL_FD      | x      | x     | x        | always 3: the control channel below; absent = not supervised       |
 * | WEIR_PORT            | x      |       |          | port to listen on, on 127.0.0.1; 0 = any (the ready line says)     |
 * | DATABASE_URL         | x      |       |          | always set: the user's own, or postgresql:///weir?host=SOCKET_DIR… |
 * | WEIR_SERVER_URL      |        | x     |          | http://127.0.0.1:PORT                                              |
 * | WEIR_CENTRE          |        | x     |          | `local`                                                            |
 * | WEIR_LAUNCHER_SOCKET |        | x     |          | WEIR_HOME/launcher/launcher.sock                                   |
 *
 * stdin is /dev/null; stdout and stderr are the program's log file in WEIR_HOME/log (pino writes to stdout as usual).
 * As root the server runs as `weir`, the agent as `weir-agent`, the launcher as root, each in a session of its own (so
 * Ctrl-C reaches the supervisor alone) with cwd `/`. The launcher starts before the agent and ends after it, in both
 * modes: the agent never starts it.
 *
 * Control channel, fd 3: one connected stream socket, used both ways, one JSON object a line
 * (`new net.Socket({ fd: 3, readable: true, writable: true })`; in Perl `open my $control, "+<&=", 3`, with FD_CLOEXEC
 * so that no run inherits it). **End of file on it means that the supervisor is gone: end within a second**, as on
 * SIGTERM. Lines with unknown keys are ignored by both sides.
 *
 * | program  | direction | line                                    | meaning                                                |
 * |----------|-----------|-----------------------------------------|--------------------------------------------------------|
 * | server   | up        | {"ready":true,"url":…,"signInUrl":…}    | once, when it listens: migrated, and answers           |
 * | server   | down      | {"want":"token","have":"…"}             | a CLI token of the first administrator; `have` (absent |
 * |          |           |                                         | when there is none) is the one kept in WEIR_HOME/token |
 * | server   | up        | {"token":"…"}                           | the answer: `have` itself if it is still good, else new|
 * | server   | down      | {"want":"enrolment","centre":"local"}   | the agent needs a one-time enrolment token             |
 * | server   | up        | {"enrolment":"…"}                       | the answer                                             |
 * | server   | up        | {"refused":"words"}                     | it cannot run at all (words for the user); then it ends|
 * | agent    | up        | {"want":"enrolment"}                    | no credential, or the one it has is refused            |
 * | agent    | down      | {"enrolment":"…"}                       | the one-time token                                     |
 * | agent    | up        | {"ready":true}                          | once its first sync was answered                       |
 * | launcher | up        | {"ready":true}                          | its socket accepts                                     |
 *
 * SIGTERM: end in order, at most 10 s, with status 0; then SIGKILL. A program that ends by itself is started again
 * after 0.2 s, doubling up to 10 s.
 *
 * This way the server needs no file of the invoking user's, the agent's credential never leaves the agent's folder, and
 * a home whose database was replaced heals by itself: the token and the credential are refused, and asked for again.
 */
export {};
