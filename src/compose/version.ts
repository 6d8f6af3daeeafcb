import { createRequire } from 'node:module';

// Beside the sources' folder, and beside that of the package.
const packageJson: { readonly version: string } = createRequire(import.meta.url)(
  '../../package.json',
);

/** The version of this Slipway. */
export const VERSION: string = packageJson.version;
