// Facts about objects of others, that only their owner sees.

/** A field that can be put on any object, frozen ones too. Copies of the object don't have it. */
export interface HiddenField<T> {
  get(object: object): T | undefined;
  set(object: object, value: T): void;
}

/** A "class" whose instance is the object handed in, so that a subclass's private field ends up on it. */
const Itself = function itself(object: object): object {
  return object;
} as unknown as new (
  object: object,
) => object;

/**
 * Makes a field that is as invisible as an entry of a WeakMap. A WeakMap makes the garbage collector go through its
 * table again and again, which costs a store of many sessions more than the work itself.
 */
export function hiddenField<T>(): HiddenField<T> {
  return class Field extends Itself {
    #value: T;

    constructor(object: object, value: T) {
      super(object);
      this.#value = value;
    }

    static get(object: object): T | undefined {
      return #value in object ? object.#value : undefined;
    }

    static set(object: object, value: T): void {
      if (#value in object) object.#value = value;
      else new Field(object, value);
    }
  };
}
