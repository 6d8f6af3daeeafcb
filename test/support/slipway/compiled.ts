const { NODE_COMPILE_CACHE } = process.env;

/** The variable by which a Node process starts from compiled code of an earlier run, for a process that gets its own environment. */
export const COMPILED: Readonly<Record<string, string>> = {
  ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
};
