// The shop in React: rendered on the server with the session's view, then live in the browser.

import { useLiveSession } from "live-session/react";
import { itemsText } from "../shop/cart-view.ts";
import { addLine, catalog, countItems, findProduct, MAX_QUANTITY, money, setQuantity, total } from "../shop/catalog.ts";
import type { ShopApp } from "../shop/live-shop.ts";

const useShop = useLiveSession.withTypes<ShopApp>();

export function App() {
  return (
    <>
      <header className="masthead">
        <div className="bar">
          <a className="wordmark" href="/">
            <img src="/mark.svg" alt="" width="34" height="34" />
            <span>
              Gale <i>&amp;</i> Daughters
            </span>
          </a>
          <div className="tools">
            <Status />
            <Themes />
          </div>
        </div>
        <div className="welcome">
          <h1>A kite for every wind we’ve met</h1>
          <p>The same basket as ever, rendered by React.</p>
        </div>
      </header>
      <main className="shop">
        <section className="shelf" aria-label="Kites">
          <ul className="products">
            {catalog.map(({ id }) => (
              <Product key={id} id={id} />
            ))}
          </ul>
        </section>
        <Cart />
      </main>
    </>
  );
}

function Status() {
  const status = useShop((shop) => shop.status);
  return (
    <p className="chip" data-status={status}>
      <span>{status}</span>
    </p>
  );
}

function Themes() {
  const theme = useShop((shop) => shop.view?.theme);
  const { setTheme } = useShop((shop) => shop.actions);
  const choose = (theme: "light" | "dark") => setTheme({ theme }, { optimistic: (view) => ({ ...view, theme }) });
  return (
    <fieldset className="themes" aria-label="Theme">
      <button type="button" aria-pressed={theme === "light"} onClick={() => choose("light")}>
        Day
      </button>
      <button type="button" aria-pressed={theme === "dark"} onClick={() => choose("dark")}>
        Night
      </button>
    </fieldset>
  );
}

/** Renders again only when its own quantity changed. */
function Product({ id }: { id: string }) {
  const quantity = useShop((shop) => shop.view?.cart.find((line) => line.id === id)?.quantity ?? 0);
  const { addToCart } = useShop((shop) => shop.actions);
  const product = findProduct(id);
  if (!product) return null;
  const add = () => addToCart({ id }, { optimistic: (view) => ({ ...view, cart: addLine(view.cart, id) }) });
  return (
    <li className="product">
      <div className="picture">
        <img src={`/pictures/${product.picture}`} alt="" width="400" height="400" />
        {quantity > 0 && <span className="in-cart">{quantity} in basket</span>}
      </div>
      <h3>{product.name}</h3>
      <p className="description">{product.description}</p>
      <div className="buy">
        <span className="price">{money(product.price)}</span>
        <button type="button" className="add" data-add={id} onClick={add}>
          Add<span className="unseen"> {product.name} to your basket</span>
        </button>
      </div>
    </li>
  );
}

function Cart() {
  const { view, status, endReason, actions } = useShop();
  if (status === "ended") return <p className="cart cart-empty">This basket is closed: {endReason}.</p>;
  const cart = view?.cart ?? [];
  const set = (id: string, quantity: number) =>
    actions.setQuantity({ id, quantity }, { optimistic: (v) => ({ ...v, cart: setQuantity(v.cart, id, quantity) }) });
  return (
    <aside className="cart" aria-label="Your basket">
      <div className="cart-head">
        <h2>Your basket</h2>
        <span className="cart-items">{itemsText(countItems(cart))}</span>
      </div>
      <ul className="cart-lines">
        {cart.map(({ id, quantity }) => (
          <li key={id} className="cart-line" data-line={id} data-quantity={quantity}>
            <img src={`/pictures/${findProduct(id)?.picture}`} alt="" width="64" height="64" />
            <div className="cart-what">
              <h3>{findProduct(id)?.name}</h3>
            </div>
            <p className="cart-sum">{money((findProduct(id)?.price ?? 0) * quantity)}</p>
            <div className="cart-quantity">
              <button type="button" className="step" aria-label="One less" onClick={() => set(id, quantity - 1)}>
                −
              </button>
              <input className="quantity" readOnly value={quantity} aria-label="Quantity" />
              <button
                type="button"
                className="step"
                aria-label="One more"
                disabled={quantity >= MAX_QUANTITY}
                onClick={() => set(id, quantity + 1)}
              >
                +
              </button>
            </div>
          </li>
        ))}
      </ul>
      <div className="cart-foot">
        <dl className="cart-total">
          <dt>Total</dt>
          <dd>{money(total(cart))}</dd>
        </dl>
      </div>
    </aside>
  );
}
