import type pg from "pg";

/** How many tasks an array may have: the network's own setting `array-tasks`, or the default. */
export async function readArrayTasks(pool: pg.Pool, otherwise: number): Promise<number> {
  const { rows } = await pool.query<{ value: string }>("select value from setting where name = 'array-tasks'");
  const value = Number(rows[0]?.value ?? otherwise);
  return Number.isSafeInteger(value) && value > 0 ? value : otherwise;
}
