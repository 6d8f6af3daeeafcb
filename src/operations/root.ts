import { fileURLToPath } from 'node:url';

/** The folder of this copy of Slipway. In the repository this file is TypeScript two folders deep; in the package it is a part of dist/cli. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));
