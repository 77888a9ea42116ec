/// The engine's answer to a claim.
package struct ClaimAnswer: Hashable, Sendable {
  package enum Fate: Hashable, Sendable {
    /// The window is the caller's to report; the claim was made at that time of the engine's clock.
    case won(FleetCount, at: Int64)
    /// Another relay is about to deliver; its lease lasts as long.
    case claimed(left: Duration)
    /// A next hop took a mail of the error not longer ago than the window lasts: its age, and the token of its claim.
    case delivered(age: Duration, by: String)
  }

  package var fate: Fate
  /// The time of the engine's clock, in milliseconds since 1970, and the word that changes when it forgot everything.
  var engineTime: Int64
  var epoch: String

  /// Reads a reply of `FleetScript.claim`; nil if it is none.
  package init?(_ reply: RESPValue) {
    guard let items = reply.items, items.count >= 4, let time = items[1].number, let epoch = items[2].text,
      let first = items[3].number, first >= 0
    else { return nil }
    (engineTime, self.epoch) = (time, epoch)
    switch items[0].text {
    case "won":
      guard items.count == 7, let held = items[4].number, let stores = items[5].number, let at = items[6].number
      else { return nil }
      fate = .won(FleetCount(mails: Int(first), heldBack: Int(held), stores: Int(stores)), at: at)
    case "claimed": fate = .claimed(left: .milliseconds(first))
    case "delivered":
      guard items.count == 5, let token = items[4].text else { return nil }
      fate = .delivered(age: .milliseconds(first), by: token)
    default: return nil
    }
  }
}

/// The count of an error in the fleet.
package struct FleetCount: Hashable, Sendable {
  /// The mails of the episode at all relays.
  package var mails: Int
  /// The mails held back at all relays since the last one that was delivered.
  package var heldBack: Int
  /// The number of stores that counted any.
  package var stores: Int

  package init(mails: Int, heldBack: Int, stores: Int) {
    (self.mails, self.heldBack, self.stores) = (mails, heldBack, stores)
  }
}

/// The engine's answer to every other script.
struct EngineReceipt: Hashable, Sendable {
  /// False if the token was another's by then, and nothing was changed.
  var isDone: Bool
  var engineTime: Int64
  var epoch: String

  /// Reads a reply; nil if it is none.
  init?(_ reply: RESPValue) {
    guard let items = reply.items, items.count == 3, let time = items[1].number, let epoch = items[2].text,
      let word = items[0].text, word == "done" || word == "stale"
    else { return nil }
    (isDone, engineTime, self.epoch) = (word == "done", time, epoch)
  }
}
