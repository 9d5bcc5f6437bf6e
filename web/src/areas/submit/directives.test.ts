import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSbatch } from "#core/job/sbatch.ts";
import { readAll, readOption, writeOption } from "./directives.ts";

const script = `#!/bin/bash
#SBATCH -J svm -c 4   # the name
# a remark
#SBATCH --mem 8G
#SBATCH --time=02:00:00

module load python
#SBATCH --time=1
python3 select.py
`;

test("the form reads long, short, glued and spaced forms, up to the first command", () => {
  assert.deepEqual(readOption(script, ["job-name"]), { long: "job-name", value: "svm" });
  assert.deepEqual(readOption(script, ["mem", "mem-per-cpu"]), { long: "mem", value: "8G" });
  assert.equal(readOption(script, ["time"])?.value, "02:00:00");
  assert.equal(readOption("#!/bin/sh\n#SBATCH -N2 --cpus=8\n", ["nodes"])?.value, "2");
  assert.equal(readOption("#!/bin/sh\n#SBATCH --job-name='a b'\n", ["job-name"])?.value, "a b");
  assert.equal(readOption(script, ["array"]), null);
});

test("a change is written where the option stood and nothing else moves", () => {
  assert.equal(writeOption(script, "cpus-per-task", "16"), script.replace("-c 4", "--cpus-per-task=16"));
  assert.equal(writeOption(script, "mem-per-cpu", "2G", ["mem"]), script.replace("--mem 8G", "--mem-per-cpu=2G"));
  assert.equal(writeOption(script, "mem", null), script.replace("#SBATCH --mem 8G\n", ""));
});

test("a new option follows the last directive; a script without an interpreter gets one", () => {
  const added = writeOption(script, "array", "1-9%3");
  assert.match(added, /--time=02:00:00\n#SBATCH --array=1-9%3\n\nmodule/);
  assert.equal(writeOption("#!/bin/sh\necho\n", "nodes", "2"), "#!/bin/sh\n#SBATCH --nodes=2\necho\n");
  assert.equal(writeOption("", "nodes", "2"), "#!/bin/bash\n#SBATCH --nodes=2\n");
});

test("what sbatch has no word for is read and written in lines of its own", () => {
  const told = script.replace("# a remark", "#WEIR --data-at=jinan\n#WEIR --data-at guiyang=2h --domestic");
  assert.equal(readAll(told, "data-at"), "jinan,guiyang=2h");
  assert.equal(
    writeOption(told, "data-at", "jinan,guiyang=3h"),
    script.replace("# a remark", "#WEIR --data-at=jinan,guiyang=3h --domestic"),
  );
  assert.equal(writeOption(told, "data-at", null), script.replace("# a remark", "#WEIR  --domestic"));
  assert.match(writeOption(script, "data-elsewhere", "1d"), /--time=02:00:00\n#WEIR --data-elsewhere=1d\n\nmodule/);
  // An option of sbatch's is none in such a line, nor the other way round.
  assert.equal(readOption("#!/bin/sh\n#WEIR --time=1\n#SBATCH --data-at=x\n", ["time", "data-at"]), null);
});

test("whatever the form writes, the parser of core reads it, and reads all else as before", () => {
  const name = fc.string({
    minLength: 1,
    maxLength: 12,
    unit: fc.constantFrom("a", " ", '"', "'", "\\", "#", "=", "堰", "-", "x"),
  });
  const line = fc.constantFrom(
    "#SBATCH --job-name=one",
    "#SBATCH -J two -c 2",
    "#SBATCH -c8 --job-na three",
    "#SBATCH --mem=4G --time 10",
    "#SBATCH -N 1 -J 'fo ur' # five",
    "#SBATCH -WQ -J six",
    "# remark",
    "",
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.oneof(name, fc.constant(null)), (lines, value) => {
      const before = ["#!/bin/sh", ...lines, "echo hi"].join("\n");
      const wanted = value === "" ? null : value;
      const after = writeOption(before, "job-name", wanted);
      const { name: _, ...restBefore } = parseSbatch(before, []).asked;
      const { name: read, ...restAfter } = parseSbatch(after, []).asked;
      assert.equal(read, wanted ?? undefined);
      assert.equal(readOption(after, ["job-name"])?.value ?? null, wanted);
      assert.deepEqual(restAfter, restBefore);
      assert.equal(after.split("\n").at(-1), "echo hi");
    }),
    { numRuns: 500 },
  );
});
