import "i18next";
import type { en as account } from "../areas/account/messages.en.ts";
import type { en as acts } from "../areas/acts/messages.en.ts";
import type { en as administration } from "../areas/administration/messages.en.ts";
import type { en as centres } from "../areas/centres/messages.en.ts";
import type { en as job } from "../areas/job/messages.en.ts";
import type { en as jobs } from "../areas/jobs/messages.en.ts";
import type { en as network } from "../areas/network/messages.en.ts";
import type { en as policy } from "../areas/policy/messages.en.ts";
import type { en as signIn } from "../areas/sign-in/messages.en.ts";
import type { en as submit } from "../areas/submit/messages.en.ts";
import type { en as usage } from "../areas/usage/messages.en.ts";
import type { en as words } from "../words/messages.en.ts";
import type { en as app } from "./messages.en.ts";

/** Every key that `t` takes is one the English files have; the Chinese ones have the same keys by their type. */
declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "app";
    returnNull: false;
    resources: {
      app: typeof app;
      words: typeof words;
      "sign-in": typeof signIn;
      network: typeof network;
      jobs: typeof jobs;
      job: typeof job;
      submit: typeof submit;
      usage: typeof usage;
      centres: typeof centres;
      account: typeof account;
      acts: typeof acts;
      administration: typeof administration;
      policy: typeof policy;
    };
  }
}
