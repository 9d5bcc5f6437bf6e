/** The seconds of `restart-after 1800 s`, as the API says it; undefined: the job waits for its centre. */
export function restartAfterS(onUnreachable: string): number | undefined {
  const seconds = /^restart-after\D*(\d+)/.exec(onUnreachable)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
