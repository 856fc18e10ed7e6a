// What the shop sells and what a basket can do. Everything here is pure: the server's actions and the
// browser's optimistic updates call the same functions, so both always agree on the next basket.

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Price in cents. */
  readonly price: number;
  /** File name under public/pictures. */
  readonly picture: string;
  /** The winds it flies in, on the Beaufort scale; null for things that do not fly. */
  readonly wind: readonly [from: number, to: number] | null;
}

export interface CartLine {
  id: string;
  quantity: number;
}

export type Cart = readonly Readonly<CartLine>[];

export const MAX_QUANTITY = 99;

export const catalog: readonly Product[] = [
  {
    id: "old-reliable",
    name: "Old Reliable",
    description: "The diamond you drew as a child, with five bows on its tail.",
    price: 3200,
    picture: "old-reliable.webp",
    wind: [3, 5],
  },
  {
    id: "barn-swallow",
    name: "Barn Swallow",
    description: "Silk wings that tilt by themselves. Real swallows come to look.",
    price: 5800,
    picture: "barn-swallow.webp",
    wind: [2, 4],
  },
  {
    id: "dragon",
    name: "Grandmother’s Very Long Dragon, All Eleven Metres of It",
    description: "Forty painted discs on a cord. Two people to launch, three to argue.",
    price: 18600,
    picture: "dragon.webp",
    wind: [4, 6],
  },
  {
    id: "night-ferry",
    name: "Night Ferry",
    description: "A box kite with lit windows. Climbs slowly, stays all evening.",
    price: 7400,
    picture: "night-ferry.webp",
    wind: [4, 6],
  },
  {
    id: "pocket-sparrow",
    name: "Pocket Sparrow",
    description: "No sticks at all. Folds to the size of a handkerchief.",
    price: 1800,
    picture: "pocket-sparrow.webp",
    wind: [2, 4],
  },
  {
    id: "moth",
    name: "Privet Moth",
    description: "Paper-light, for the last hour of the day and almost no wind.",
    price: 6400,
    picture: "moth.webp",
    wind: [1, 2],
  },
  {
    id: "lighthouse",
    name: "Lighthouse",
    description: "A delta two metres across. You can see it from the second bay.",
    price: 6900,
    picture: "lighthouse.webp",
    wind: [2, 5],
  },
  {
    id: "the-argument",
    name: "The Argument",
    description: "A pair of stunt kites that cannot leave each other alone.",
    price: 11200,
    picture: "the-argument.webp",
    wind: [3, 6],
  },
  {
    id: "kipper",
    name: "Kipper",
    description: "Swims into the wind with its mouth open. Loved by the cat.",
    price: 2600,
    picture: "kipper.webp",
    wind: [2, 5],
  },
  {
    id: "rokkaku",
    name: "Rokkaku No. 6",
    description: "Six corners, washi paper, and the sun we see from the loft.",
    price: 9800,
    picture: "rokkaku.webp",
    wind: [2, 4],
  },
  {
    id: "second-wind",
    name: "Second Wind",
    description: "A windsock for the garden. Tells you when to put your shoes on.",
    price: 2400,
    picture: "second-wind.webp",
    wind: [1, 6],
  },
  {
    id: "beech-winder",
    name: "Beech Winder",
    description: "Sixty metres of red line on steamed beech that fits the palm.",
    price: 1450,
    picture: "beech-winder.webp",
    wind: null,
  },
];

const byId: ReadonlyMap<string, Product> = new Map(catalog.map((product) => [product.id, product]));

export function findProduct(id: string): Product | undefined {
  return byId.get(id);
}

export function isProduct(id: unknown): id is string {
  return typeof id === "string" && byId.has(id);
}

/** One more of a product, up to MAX_QUANTITY. An unknown id leaves the cart as it was. */
export function addLine(cart: Cart, id: string): CartLine[] {
  const line = cart.find((each) => each.id === id);
  return setQuantity(cart, id, (line?.quantity ?? 0) + 1);
}

/** Exactly this many of a product, kept within 0..MAX_QUANTITY; 0 takes the line out. */
export function setQuantity(cart: Cart, id: string, quantity: number): CartLine[] {
  if (!isProduct(id) || Number.isNaN(quantity)) return copy(cart);
  const bounded = Math.trunc(Math.min(Math.max(quantity, 0), MAX_QUANTITY));
  if (bounded === 0) return copy(cart.filter((line) => line.id !== id));
  if (!cart.some((line) => line.id === id)) return [...copy(cart), { id, quantity: bounded }];
  return cart.map((line) => (line.id === id ? { id, quantity: bounded } : { ...line }));
}

/** Sum of the cart in cents. */
export function total(cart: Cart): number {
  return cart.reduce((sum, line) => sum + (byId.get(line.id)?.price ?? 0) * line.quantity, 0);
}

export function countItems(cart: Cart): number {
  return cart.reduce((sum, line) => sum + line.quantity, 0);
}

/** 186000 is "€1,860.00". */
export function money(cents: number): string {
  const [euros = "0", rest = "00"] = (cents / 100).toFixed(2).split(".");
  return `€${euros.replace(/\B(?=(\d{3})+$)/g, ",")}.${rest}`;
}

function copy(cart: Cart): CartLine[] {
  return cart.map((line) => ({ ...line }));
}
