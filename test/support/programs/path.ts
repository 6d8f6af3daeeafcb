import { delimiter } from 'node:path';

/** The PATH of this process, and behind it programs that stand in for those that it has not. */
export const PATH_WITH_CURL = [process.env['PATH'], import.meta.dirname].join(delimiter);
