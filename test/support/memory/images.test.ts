import { describeModelImages } from '../../contracts/model-images.ts';
import { memoryImages } from './images.ts';

describeModelImages('memoryImages', async () => {
  const images = memoryImages();
  return {
    images,
    build: async (tag, bytes) => images.add(tag, `sha256:${bytes}`),
    async hold(tag) {
      for (const image of await images.all()) if (image.tag === tag) images.hold(image.digest);
    },
    close: async () => {},
  };
});
