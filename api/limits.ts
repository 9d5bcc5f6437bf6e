/** The limits of what may be sent, in one place: validation, the server's body limits and the docs read them. */
export const limits = {
  jobBodyBytes: 16 * 1024 * 1024,
  bulkBodyBytes: 64 * 1024 * 1024,
  scriptBytes: 4 * 1024 * 1024,
  inputFilesBytes: 10 * 1024 * 1024,
  /** A setting of the network; this is its default. */
  arrayTasks: 100_000,
  bulkJobs: 10_000,
  environmentVariables: 1_000,
  environmentValueChars: 131_072,
  nameChars: 200,
  labels: 64,
  dependencies: 1_000,
  inputFiles: 1_000,
  timeLimitS: 366 * 86_400,
  nodes: 1_000_000,
  tasks: 10_000_000,
  cores: 100_000,
  memoryMib: 1_073_741_824,
  accelerators: 1_000,
  retries: 100,
} as const;
