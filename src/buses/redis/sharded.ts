// Sharded Pub/Sub in a cluster: a link to each server that holds channels of ours. Losing one loses the whole, since its
// channels may be anywhere by then; whoever holds it opens the next one.

import { ioRedisNode, type KnownClient, send } from "../../engines/redis/clients.ts";
import type { Link, LinkListener } from "./link.ts";
import { slotOf } from "./slots.ts";

type ClusterClient = KnownClient & { readonly kind: "node-redis cluster" | "ioredis cluster" };

type OpenNode = (node: KnownClient, sharded: true, listener: LinkListener) => Promise<Link>;

export function openSharded(cluster: ClusterClient, openNode: OpenNode, listener: LinkListener): Link {
  const nodes = new Map<string, Promise<Link>>();
  let open = true;

  function close(): boolean {
    if (!open) return false;
    open = false;
    for (const node of nodes.values()) node.then((link) => link.close()).catch(() => {});
    return true;
  }

  const lost = () => {
    if (close()) listener.lost();
  };

  async function linkFor(channel: string): Promise<Link> {
    const { address, node } = await masterOf(cluster, slotOf(channel));
    let link = nodes.get(address);
    if (!link) {
      link = openNode(node, true, { message: listener.message, lost });
      nodes.set(address, link);
    }
    const opened = await link;
    if (!open) opened.close();
    return opened;
  }

  async function place(channel: string): Promise<void> {
    try {
      await (await linkFor(channel)).subscribe([channel]);
    } catch (error) {
      // A command through the cluster client makes it follow the channel to where it lies now. Then the next link finds it.
      await send(cluster, channel, ["EXISTS", channel]);
      throw error;
    }
  }

  return {
    async subscribe(channels) {
      try {
        await Promise.all(channels.map(place));
      } catch (error) {
        lost();
        throw error;
      }
    },

    async unsubscribe(channel) {
      await (await linkFor(channel)).unsubscribe(channel);
    },

    close: () => void close(),
  };
}

async function masterOf(cluster: ClusterClient, slot: number): Promise<{ address: string; node: KnownClient }> {
  if (cluster.kind === "node-redis cluster") {
    const master = cluster.client.slots[slot]?.master;
    if (!master) throw new Error(`The cluster has no master for slot ${slot}.`);
    return { address: master.address, node: { kind: "node-redis", client: await cluster.client.nodeClient(master) } };
  }
  const address = cluster.client.slots[slot]?.[0];
  if (!address) throw new Error(`The cluster has no master for slot ${slot}.`);
  return { address, node: { kind: "ioredis", client: ioRedisNode(cluster.client, address) } };
}
