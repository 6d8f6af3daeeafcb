import { messagesAt, type Turn, withAnswer } from '../../../console/try/conversation.ts';

const said = (text: string) => ({ text, fault: '', isComing: false });
const turn = (question: string, answers: Readonly<Record<string, string>>): Turn => ({
  question,
  answers: new Map(Object.entries(answers).map(([own, text]) => [own, said(text)])),
});

describe('a conversation with two versions', () => {
  const turns = [
    turn('Hello', { one: 'Hi' }),
    turn('Who?', { one: 'Ada', two: 'Bob' }),
    turn('Why?', { one: '', two: 'So' }),
  ];
  const contents = (own: string) => messagesAt(own, turns).map(({ content }) => content);

  it('has the own answers of each, and the first one where it was not asked', () => {
    expect(contents('two')).toEqual(['Hello', 'Hi', 'Who?', 'Bob', 'Why?', 'So']);
  });

  it('leaves a question out that has no answer, so that two questions never follow each other', () => {
    expect(contents('one')).toEqual(['Hello', 'Hi', 'Who?', 'Ada']);
  });

  it('takes newer states of an answer to the last question alone', () => {
    const after = withAnswer(turns, 'one', said('Because'));

    expect(after.slice(0, 2)).toEqual(turns.slice(0, 2));
    expect(after.at(-1)?.answers.get('one')?.text).toBe('Because');
    expect(withAnswer([], 'one', said('Because'))).toEqual([]);
  });
});
