import { submissionOf } from "./chunks.ts";
import { orderOf } from "./site-testing.ts";

/** For tests: a submission that asks for much of what can be asked for, as it is prepared for slurmrestd. */
export const prepared = { place: "/runs/c-1", batch: "#!/usr/bin/perl\n", deadlineS: 1795373560 };
const place = {
  user: "weirt-li",
  account: "ai-lab",
  partition: "batch",
  qos: null,
  gres: "npu:ascend910b:2,gpu:1",
  words: { qos: null, constraint: "ib", gres: null, licenses: "abaqus:1", reservation: null, nodelist: "jinan2" },
  mostTimeS: null,
};
export const submission = submissionOf({ orders: [orderOf("true")], isArray: false }, place, "c-1", 600, false);
