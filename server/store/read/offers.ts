import type pg from "pg";
import type { Offer } from "#api/network.ts";
import { type EngineOffers, noOffers } from "#core/centre/engine.ts";
import type { Intake } from "#core/centre/intake.ts";
import { type LifeCycle, runsJobs } from "#core/centre/life-cycle.ts";

/** Of all centres that have described themselves, in the order of their ids, or of one. */
export async function readOffers(db: Pick<pg.Pool, "query">, centre: string | null): Promise<readonly Offer[]> {
  const { rows } = await db.query<Row>(
    `select id, life_cycle, intake, engine -> 'offers' as offers from centre
     where engine is not null and ($1::text is null or id = $1) order by id`,
    [centre],
  );
  return rows.map(({ id, life_cycle, intake, offers }) => {
    const { aliases, partitionPools, software, containers, mpi, fileSystems, licences } = offers ?? noOffers;
    const { partition, qos, constraint, gres, reservation } = aliases;
    return {
      centre: id,
      inService: runsJobs[life_cycle] && intake !== "leaving" && intake !== "left",
      aliases: {
        partition: [...partition],
        qos: [...qos],
        constraint: [...constraint],
        gres: [...gres],
        licences: [...aliases.licences],
        reservation: [...reservation],
      },
      partitionPools: { ...partitionPools },
      software: [...software],
      containers: [...containers],
      mpi: [...mpi],
      fileSystems: fileSystems.map((one) => ({ ...one })),
      licences: licences.map((one) => ({ ...one })),
    };
  });
}

type Row = {
  readonly id: string;
  readonly life_cycle: LifeCycle;
  readonly intake: Intake;
  readonly offers: EngineOffers | null;
};
