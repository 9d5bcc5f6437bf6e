import { languageOf, speaker } from "#core/language.ts";

/** What `npm start` says, in the language of its terminal. Who asked for English or said nothing gets English. */
export const words = {
  stoppingOther: [
    "Stopping the instance of process {pid}: the npm that started it is gone.",
    "正在停止进程 {pid} 的实例：启动它的 npm 已不在。",
  ],
  newHome: ["Making a new home in {folder}.", "正在 {folder} 建立新的数据目录。"],
  newHomeUser: [
    "Making a new home in {folder}, where jobs run as you: that is no isolation.",
    "正在 {folder} 建立新的数据目录；作业以您的身份运行，没有隔离。",
  ],
  busyUnknown: [
    "Another process has {lock} and does not say which it is. Try again in a moment.",
    "{lock} 被另一进程占用，且未说明是哪一个。请稍后再试。",
  ],
  busyStarting: [
    "Weir is starting (process {pid}, home {folder}).",
    "Weir 正在启动（进程 {pid}，数据目录 {folder}）。",
  ],
  busyRunning: [
    "Weir is running at {url} (process {pid}, home {folder}).",
    "Weir 已在 {url} 运行（进程 {pid}，数据目录 {folder}）。",
  ],
  busyOpen: [
    "`weir open` prints a new sign-in link (without weir on PATH: npx weir open).",
    "`weir open` 给出新的登录链接（PATH 中没有 weir 时：npx weir open）。",
  ],
  portBusy: ["is in use by another program", "已被其他程序占用"],
  portNeedsRoot: ["needs root", "需要 root 权限"],
  portTaken: [
    "Port {port} of 127.0.0.1 {why}. Choose another one: WEIR_PORT={next} npm start",
    "127.0.0.1 的端口 {port} {why}。请另选：WEIR_PORT={next} npm start",
  ],
  madeUsers: [
    "Made the system users {users}, without shell or home{took}.",
    "已创建系统用户 {users}，无登录 shell 与主目录{took}。",
  ],
  copying: [
    "copying {name} to {folder}, because the system users cannot read it in {root}",
    "正在将 {name} 复制到 {folder}：系统用户无法读取 {root}",
  ],
  outsideDatabase: [
    "Using the PostgreSQL of DATABASE_URL ({place}).",
    "使用 DATABASE_URL 指定的 PostgreSQL（{place}）。",
  ],
  makingDatabase: ["Making the database …", "正在建立数据库 …"],
  databaseReady: ["PostgreSQL is ready{took}.", "PostgreSQL 已就绪{took}。"],
  databaseAgain: ["PostgreSQL is ready again.", "PostgreSQL 已恢复。"],
  databaseEnded: ["PostgreSQL ended; starting it again.", "PostgreSQL 已结束，正在重新启动。"],
  tryingAgain: ["{words}\nTrying again in {seconds} s.", "{words}\n{seconds} 秒后重试。"],
  programReady: ["The {program} is ready{took}.", "{program}已就绪{took}。"],
  programAgain: ["The {program} is ready again.", "{program}已恢复。"],
  programEnded: [
    "The {program} ended {how}; starting it again in {seconds} s.",
    "{program}已结束（{how}），{seconds} 秒后重新启动。",
  ],
  endedStatus: ["with status {status}", "状态 {status}"],
  endedSignal: ["by {signal}", "信号 {signal}"],
  endedBefore: ["before it began: {words}", "未能启动：{words}"],
  programRefused: ["The {program} cannot run: {words}", "{program}无法运行：{words}"],
  programNeverReady: [
    "The {program} ended {how} before it was ready, three times. The end of {log}:\n{lines}",
    "{program}三次在就绪之前结束（{how}）。{log} 的末尾：\n{lines}",
  ],
  program_server: ["server", "服务器"],
  program_agent: ["agent", "代理"],
  readyAgent: ["agent of the centre local", "中心 local 的代理"],
  program_launcher: ["launcher", "启动器"],
  running: ["Weir is running at {url}{took}", "Weir 正在 {url} 运行{took}"],
  signIn: ["Administrator's sign-in, once: {url}", "管理员登录（一次有效）：{url}"],
  signedIn: [
    "On this machine `weir` is signed in already. Ctrl-C stops Weir; running jobs go on.",
    "本机的 `weir` 已登录。Ctrl-C 停止 Weir；运行中的作业继续。",
  ],
  stoppingJobs: ["Stopping; running jobs go on.", "正在停止；运行中的作业继续。"],
  stopping: ["Stopping.", "正在停止。"],
  stopped: ["Stopped{took}.", "已停止{took}。"],
  took: [" ({seconds} s)", "（{seconds} 秒）"],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

export const tell = speaker(words, languageOf(process.env));
