import { readLocalConfig } from '#compose/config.ts';
import { openState } from '#compose/machine/state.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

/** The state of a data folder whose registry was closed, and what it reported. */
async function closed() {
  const folder = await temporaryFolder();
  const told: string[] = [];
  const config = readLocalConfig({ dataDir: folder.path, gatewayPort: 0, controlPort: 0 });
  const state = await openState(folder.path, config, (problem) => told.push(problem));
  await state.store.close();
  await state.stopTelling();
  state.check.close();
  state.database.close();
  state.views.close();
  return {
    state,
    told,
    async [Symbol.asyncDispose]() {
      state.unlock();
      await folder[Symbol.asyncDispose]();
    },
  };
}

it('what is still under way when Slipway has stopped reports no closed registry', async () => {
  await using stopped = await closed();
  const { state, told } = stopped;

  await state.registry.models().catch(state.problem);

  expect(told).toEqual([]);
});

it('any other problem is reported after the end too', async () => {
  await using stopped = await closed();
  const { state, told } = stopped;

  state.problem(new Error('the disk reports an error'));

  expect(told).toEqual(['the disk reports an error']);
});
