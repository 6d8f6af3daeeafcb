const { NODE_COMPILE_CACHE } = process.env;

/** The variable by which a process of Node starts from what was compiled before, for one with an environment of its own. */
export const COMPILED: Readonly<Record<string, string>> = {
  ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
};
