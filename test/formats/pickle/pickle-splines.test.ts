import { pickleOf, pickleRefusal } from '../../support/models/pickles.ts';

const SPLINE = 'cscipy.interpolate._bsplines\nBSpline\n)\x81';
const OWN = 'cscipy.interpolate._bsplines\n_BSpline\n)\x81';
const SVC = 'csklearn.svm._classes\nSVC\n)\x81';
const withKnots = (knots: string) => `${OWN}}Vt\n${knots}sb`;

describe('the pair that a spline of scipy 1.18 keeps', () => {
  it.each([
    ['whose spline is another object', SVC, 'N'],
    ['without knots', OWN, 'N'],
    ['with an object for knots, which scipy would ask for its methods', withKnots(SVC), 'N'],
    ['with an object beside the spline', withKnots('N'), SVC],
    ['with a third part', withKnots('N'), 'NN'],
  ])('is refused %s', async (_, spline, beside) => {
    const bytes = pickleOf('\x80\x02', `${SPLINE}(${spline}${beside}tb.`);

    const { message } = await pickleRefusal(bytes);

    expect(message).toContain('has a spline with a state that scipy does not write');
  });
});
