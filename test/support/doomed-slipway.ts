// A Slipway that the kernel kills at one moment of its second deployment: `node doomed-slipway.ts DATA_DIR "State begins|ended"`.
import { readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';

const [dataDir, dieAt] = process.argv.slice(2);

let deployments = 0;

await startLocal(readLocalConfig({ dataDir, gatewayPort: 0, controlPort: 0 }), {
  report: (problem) => process.stderr.write(`${problem}\n`),
  onStep(state, moment) {
    if (state === 'AdmitDeployment' && moment === 'begins') deployments += 1;
    if (deployments === 2 && `${state} ${moment}` === dieAt) process.kill(process.pid, 'SIGKILL');
  },
});
