import { faultMatrix } from '../support/fault-matrix.ts';
import { scenariosOn } from '../support/fault-scenarios.ts';

await faultMatrix('on ec2', scenariosOn('ec2'));
