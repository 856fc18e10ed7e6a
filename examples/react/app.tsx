// The shop's shelf and basket: each part follows the session, and shows its own changes before the server has answered.

import { useLiveSession } from "live-session/react";
import { type ComponentProps, createElement } from "react";
import { itemsText, statusText } from "../shop/cart-view.ts";
import { addLine, type CartLine, catalog, countItems, money, setQuantity, total } from "../shop/catalog.ts";
import type { ShopApp } from "../shop/live-shop.ts";

const useShop = useLiveSession.withTypes<ShopApp>();
const Button = ({ label, ...attributes }: ComponentProps<"button"> & { label: string }) =>
  createElement("button", { type: "button", ...attributes }, label);

export function App() {
  return (
    <main className="shop">
      <section className="shelf" aria-label="Kites">
        <ul className="products">
          {catalog.map((product) => (
            <Product key={product.id} {...product} />
          ))}
        </ul>
      </section>
      <Cart />
    </main>
  );
}

/** Renders again only when its own quantity changed. */
function Product({ id, name, description, picture, price }: (typeof catalog)[number]) {
  const quantity = useShop((shop) => shop.view?.cart.find((line) => line.id === id)?.quantity ?? 0);
  const { addToCart } = useShop((shop) => shop.actions);
  const add = () => addToCart({ id }, { optimistic: (view) => ({ ...view, cart: addLine(view.cart, id) }) });
  return (
    <li className="product">
      <div className="picture">
        <img src={`/pictures/${picture}`} alt="" width="400" height="400" />
        {quantity > 0 && <span className="in-cart">{quantity} in basket</span>}
      </div>
      <h3>{name}</h3>
      <p className="description">{description}</p>
      <div className="buy">
        <span className="price">{money(price)}</span>
        <Button className="add" label="Add" aria-label={`Add ${name}`} data-add={id} onClick={add} />
      </div>
    </li>
  );
}

function Cart() {
  const { view, status, endReason } = useShop();
  if (status === "ended") {
    return (
      <p className="cart cart-empty" data-status="ended">
        This basket is closed: {endReason}.
      </p>
    );
  }
  const cart = view?.cart ?? [];
  return (
    <aside className="cart" aria-label="Your basket" data-status={status}>
      <div className="cart-head">
        <h2>Your basket</h2>
        <span className="cart-items">{status === "live" ? itemsText(countItems(cart)) : statusText[status]}</span>
      </div>
      <ul className="cart-lines">
        {cart.map((line) => (
          <Line key={line.id} {...line} />
        ))}
      </ul>
      <p className="cart-foot">
        Total <strong>{money(total(cart))}</strong>
      </p>
    </aside>
  );
}

function Line({ id, quantity }: CartLine) {
  const { actions } = useShop();
  const { name, picture, price = 0 } = catalog.find((kite) => kite.id === id) ?? {};
  const set = (to: number) =>
    actions.setQuantity({ id, quantity: to }, { optimistic: (v) => ({ ...v, cart: setQuantity(v.cart, id, to) }) });
  return (
    <li className="cart-line" data-line={id} data-quantity={quantity}>
      <img src={`/pictures/${picture}`} alt="" width="64" height="64" />
      <h3 className="cart-what">{name}</h3>
      <p className="cart-sum">{money(price * quantity)}</p>
      <div className="cart-quantity">
        <Button className="step" label="−" aria-label="One less" onClick={() => set(quantity - 1)} />
        <output className="quantity">{quantity}</output>
        <Button className="step" label="+" aria-label="One more" onClick={() => set(quantity + 1)} />
      </div>
    </li>
  );
}
