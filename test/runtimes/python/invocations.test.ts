import { describeInvocations } from '../contract/invocations.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeInvocations);
