import type { Look } from '../parts.ts';
import { apiLooks } from './api.ts';
import { containerLooks } from './containers.ts';
import { dataLooks } from './data.ts';
import { networkLooks } from './network.ts';
import { workLooks } from './work.ts';

/** How each type of the template is looked at. */
export const LOOKS: Readonly<Record<string, Look>> = {
  ...apiLooks,
  ...containerLooks,
  ...dataLooks,
  ...networkLooks,
  ...workLooks,
};
