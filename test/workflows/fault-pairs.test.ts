import { pairsTest } from '../support/fault-pairs.ts';

pairsTest(60, 'workflows/fault-pairs');
