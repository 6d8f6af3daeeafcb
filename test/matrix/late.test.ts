import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('late', 'matrix/late');
