import { pairsTest } from '../support/fault-pairs.ts';

pairsTest(1200, 'matrix/pairs');
