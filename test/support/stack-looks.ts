import { apiLooks } from './stack-looks-api.ts';
import { containerLooks } from './stack-looks-containers.ts';
import { dataLooks } from './stack-looks-data.ts';
import { networkLooks } from './stack-looks-network.ts';
import { workLooks } from './stack-looks-work.ts';
import type { Look } from './stack-parts.ts';

/** How each type of the template is looked at. */
export const LOOKS: Readonly<Record<string, Look>> = {
  ...apiLooks,
  ...containerLooks,
  ...dataLooks,
  ...networkLooks,
  ...workLooks,
};
