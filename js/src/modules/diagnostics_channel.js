// `require("diagnostics_channel")`: channels on which a package tells what it does.

import { String, append, objectCreate } from "hookstead:internals";

const channels = objectCreate(null);

class Channel {
  constructor(name) {
    this.name = name;
    this.subscribers = [];
  }

  get hasSubscribers() {
    return this.subscribers.length > 0;
  }

  publish(message) {
    const subscribers = append([], this.subscribers);
    for (let index = 0; index < subscribers.length; index++) {
      const subscriber = subscribers[index];
      subscriber(message, this.name);
    }
  }

  subscribe(subscriber) {
    this.subscribers[this.subscribers.length] = subscriber;
  }

  unsubscribe(subscriber) {
    const kept = [];
    for (let index = 0; index < this.subscribers.length; index++) {
      if (this.subscribers[index] !== subscriber) {
        kept[kept.length] = this.subscribers[index];
      }
    }
    const isKnown = kept.length < this.subscribers.length;
    this.subscribers = kept;
    return isKnown;
  }
}

const channel = (name) => {
  const key = typeof name === "symbol" ? name : String(name);
  channels[key] ??= new Channel(name);
  return channels[key];
};

export default {
  Channel,
  channel,
  hasSubscribers: (name) => channel(name).hasSubscribers,
  subscribe: (name, subscriber) => channel(name).subscribe(subscriber),
  unsubscribe: (name, subscriber) => channel(name).unsubscribe(subscriber),
};
