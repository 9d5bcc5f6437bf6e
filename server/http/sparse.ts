import * as z from "zod";

/**
 * What the schema makes of an object whose fields are all optional, by looking at those that are there alone: a request
 * has four of the fifty fields of a job, and the schema would go through all. null: the schema itself is to be asked,
 * which also says what is wrong.
 */
export function parseSparse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | null {
  const fields = optionalFields(schema);
  if (fields === null || typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const parsed: Record<string, unknown> = {};
  for (const [name, said] of Object.entries(value)) {
    const read = said === undefined ? undefined : fields.get(name)?._zod.run({ value: said, issues: [] }, sync);
    if (read === undefined || read instanceof Promise || read.issues.length > 0) return null;
    parsed[name] = read.value;
  }
  return parsed as z.output<Schema>;
}

const sync = { async: false };
const known = new WeakMap<z.ZodType, ReadonlyMap<string, z.ZodType> | null>();

/** null: some field must be there or has a default, or there are rules about all fields together. */
function optionalFields(schema: z.ZodType): ReadonlyMap<string, z.ZodType> | null {
  let fields = known.get(schema);
  if (fields === undefined) {
    fields = readFields(schema);
    known.set(schema, fields);
  }
  return fields;
}

function readFields(schema: z.ZodType): ReadonlyMap<string, z.ZodType> | null {
  if (!(schema instanceof z.ZodObject) || (schema.def.checks ?? []).length > 0) return null;
  const fields = new Map<string, z.ZodType>();
  for (const [name, field] of Object.entries(schema.shape)) {
    if (!(field instanceof z.ZodOptional) || !(field.def.innerType instanceof z.ZodType)) return null;
    fields.set(name, field.def.innerType);
  }
  return fields;
}
