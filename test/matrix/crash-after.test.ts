import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('crash after', 'matrix/crash-after');
