const CAPITALS = ['France', 'Japan', 'Kenya', 'Peru', 'Norway', 'Egypt', 'Canada', 'India'];
const THINGS = [
  'a bicycle',
  'the moon',
  'bread',
  'a computer',
  'rain',
  'a library',
  'gold',
  'a bridge',
];
const VERBS = ['run', 'write', 'sing', 'build', 'learn', 'swim'];
const WORDS = ['house', 'water', 'friend', 'book', 'green', 'morning'];

/** Short questions of several kinds, as clients send them. */
export const PROMPTS: readonly string[] = [
  ...CAPITALS.map((country) => `What is the capital of ${country}?`),
  ...THINGS.map((thing) => `Describe ${thing} in one sentence.`),
  ...VERBS.map((verb) => `Write a short sentence with the verb "${verb}".`),
  ...WORDS.map((word) => `Translate the word "${word}" into French.`),
  ...[2, 7, 12, 25].map((number) => `What is ${number} plus ${number + 3}?`),
  'Who wrote Romeo and Juliet?',
  'Name three fruits.',
  'What do bees make?',
  'How many days does a week have?',
  'Give me a title for a story about a dragon.',
  'Explain why the sky is blue.',
  'List two uses of salt.',
  'What is the opposite of hot?',
  'Write a Python function that adds two numbers.',
  'Summarize: The cat sat on the mat and slept all day.',
  'Is the sentence "I love this film" positive or negative?',
  'What is photosynthesis?',
  'Suggest a name for a small dog.',
  'How do I boil an egg?',
  'Write a polite reply that declines an invitation.',
  'What is the largest ocean?',
  'Correct this: "He go to school yesterday."',
  'Give an example of a renewable source of energy.',
];
