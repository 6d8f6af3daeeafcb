import { type BodyRoom, bodyRoom, type Place } from '#adapters/local/http/body-room.ts';
import { type FakeTimers, fakeTimers } from '../../../support/clock/fake-timers.ts';

describe('the memory that bodies have together', () => {
  let timers: FakeTimers;
  let room: BodyRoom;
  let told: string[];
  beforeEach(() => {
    timers = fakeTimers();
    room = bodyRoom(timers, 100);
    told = [];
  });

  const enter = (name: string, bytes: number): Place => {
    const place: Place = room.enter(bytes, {
      onEntered: () => told.push(`${name} entered`),
      onEvicted() {
        told.push(`${name} evicted`);
        place.leave();
      },
    });
    return place;
  };

  it('is given in turn, also where a later one would fit', () => {
    const first = enter('first', 60);
    enter('second', 60);
    enter('third', 10);
    expect(told).toEqual(['first entered']);

    first.leave();

    expect(told).toEqual(['first entered', 'second entered', 'third entered']);
  });

  it('is given to what is larger than all of it, alone', () => {
    const first = enter('first', 10);
    enter('large', 500);
    expect(told).toEqual(['first entered']);

    first.leave();
    enter('next', 10);

    expect(told).toEqual(['first entered', 'large entered']);
  });

  it('is given back where a body turns out to be shorter, and once', () => {
    const first = enter('first', 90);
    enter('second', 60);

    first.complete(40);
    expect(told).toEqual(['first entered', 'second entered']);
    first.leave();
    first.leave();
    enter('third', 50);

    expect(told).toEqual(['first entered', 'second entered']);
  });

  it('is not kept for one that left before its turn', () => {
    const first = enter('first', 60);
    const second = enter('second', 60);
    enter('third', 10);

    second.leave();
    first.leave();

    expect(told).toEqual(['first entered', 'third entered']);
  });

  it('is left to one that stands still as long as nobody waits', () => {
    enter('still', 60);
    timers.advance(60_000);

    expect(told).toEqual(['still entered']);
    expect(timers.leftMs()).toEqual([]);
  });

  it('is taken from the one that stood still for five seconds, longest first, once somebody waits', () => {
    enter('still', 40);
    timers.advance(500);
    const moving = enter('moving', 30);
    enter('still too', 30);
    enter('waiting', 40);

    timers.advance(4_000);
    moving.moved();
    expect(told).toEqual(['still entered', 'moving entered', 'still too entered']);
    timers.advance(2_000);

    expect(told.slice(3)).toEqual(['still evicted', 'waiting entered']);
    expect(timers.leftMs()).toEqual([]);
  });

  it('is not taken from one that came whole and is being answered', () => {
    enter('whole', 60).complete(60);
    enter('waiting', 60);

    timers.advance(60_000);

    expect(told).toEqual(['whole entered']);
  });
});
