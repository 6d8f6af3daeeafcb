// A Slipway that the kernel kills at one moment of its second deployment: `node doomed-slipway.ts DATA_DIR "State begins|ended"`.
import { readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';

const [dataDir, dieAt] = process.argv.slice(2);

let isArmed = false;

await startLocal(readLocalConfig({ dataDir, gatewayPort: 0, controlPort: 0 }), {
  environment: process.env,
  report: (problem) => process.stderr.write(`${problem}\n`),
  onStep(state, moment) {
    const now = `${state} ${moment}`;
    if (isArmed && now === dieAt) process.kill(process.pid, 'SIGKILL');
    isArmed ||= now === 'ReleaseLease ended';
  },
});
