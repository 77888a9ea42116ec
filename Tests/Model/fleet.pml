/* The protocol of the fleet: relays that claim the window of one error at an engine. `Scripts/model` checks it with spin.

   What is shown, whatever the order of steps and within the budgets of faults below:

   F2  A mail that turns into a count is covered by one that a next hop took, and the window that it opens at its relay
       ends no later than that mail's. So is every mail that a relay counts by itself.
   F3  Without faults no mail leaves in the window of another (compiled with -DWELL).
   F4  The mails too many are no more than the times that a relay was cut off, failovers, flushes, crashes and lost leases.

   Relays stop for as long as they like between any two steps, since time goes on by itself; next hops take, defer and
   reject; admins delete. Answers come late or never, requests come twice, a relay crashes at any step, the engine forgets
   its last writes (and has another clock then), or everything.

   Time is in ticks. A relay's clock never jumps, so the true time stands for it; the engine's clock is off by `skew`. */

#ifndef RELAYS
#define RELAYS 2
#endif
#ifndef MAILS
#define MAILS 3
#endif
#ifndef DEFERRALS
#define DEFERRALS 1
#endif
#ifndef END
#define END 5
#endif
#ifndef WINDOW
#define WINDOW 3
#endif
#ifndef LEASE
#define LEASE 1
#endif
#define NEVER (-100)
/* What the engine's scripts test, by its clock. */
#define HOLDS(at, in) (at != NEVER && in == gen && now + skew >= at && now + skew - at < WINDOW)
#define LASTS(end, in) (in == gen && end > now + skew && end - (now + skew) <= LEASE)

#ifdef WELL
#define CUTS 0
#define CRASHES 0
#define FAILOVERS 0
#define FLUSHES 0
#define DOUBLES 0
#else
#ifndef CUTS
#define CUTS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FAILOVERS
#define FAILOVERS 1
#endif
#ifndef FLUSHES
#define FLUSHES 0
#endif
#ifndef DOUBLES
#define DOUBLES 1
#endif
#endif

/* Tokens of one relay. Another one is taken when an answer may still come to the last; by the time that they recur, none
   can, since answers come in order. */
#define TRIES (CUTS + CRASHES + DOUBLES + 1)

mtype = { claim, delivered, release, won, taken, covered };

short now = 0;

/* The engine: the claim, the mail that was delivered last, and the generation. A replica has what it had some time ago. */
byte by = 0;
short until = 0;
short claimedAt = 0;
byte claimGen = 0;
short deliveredAt = NEVER;
byte deliveredGen = 0;
byte gen = 0;
short skew = 2;
byte copyBy = 0;
short copyUntil = 0;
short copyClaimedAt = 0;
byte copyClaimGen = 0;
short copyDeliveredAt = NEVER;
byte copyDeliveredGen = 0;

chan request[RELAYS] = [2] of { mtype, byte, short };
chan answer[RELAYS] = [2] of { byte, mtype, short };

/* What really happened: when a next hop took the last mail, when the window of the fleet began, mails too many, and what
   excuses them. */
short tookAt = NEVER;
short windowAt = NEVER;
byte extra = 0;
byte faults = 0;
byte busy = 0;

byte mails = MAILS;
byte deferrals = DEFERRALS;
byte cuts = CUTS;
byte crashes = CRASHES;
byte failovers = FAILOVERS;
byte flushes = FLUSHES;
byte doubles = DOUBLES;

/* A next hop takes a mail: of the fleet, whose claim was sent at `since`, or on a relay's own account. */
inline take(since) {
  if
  :: what == won && since - windowAt >= WINDOW -> windowAt = since
  :: else -> extra++
  fi;
  assert(extra <= faults);
  tookAt = now
}

/* The claim is given up at once, unless it cannot be said. */
inline giveUp() {
  if
  :: what == won ->
    if
    :: nfull(request[r]) -> request[r]!release, token, 0
    :: full(request[r])
    fi
  :: else
  fi
}

/* One script, at a stroke. */
inline execute(r, what, token, at) {
  if
  :: what == claim ->
    if
    :: (HOLDS(deliveredAt, deliveredGen)) ->
      if
      :: nfull(answer[r]) -> answer[r]!token, covered, now + skew - deliveredAt
      :: full(answer[r])
      fi
    :: else ->
      if
      :: (by != 0 && by != token && LASTS(until, claimGen)) ->
        if
        :: nfull(answer[r]) -> answer[r]!token, taken, 0
        :: full(answer[r])
        fi
      :: else ->
        if
        :: by != 0 && by != token -> faults++ /* a lease was lost */
        :: else
        fi;
        if
        :: by == token && claimGen == gen /* it came twice: its beginning stays */
        :: else ->
          by = token;
          claimGen = gen;
          claimedAt = now + skew;
          until = now + skew + LEASE
        fi;
        if
        :: nfull(answer[r]) -> answer[r]!token, won, claimedAt
        :: full(answer[r])
        fi
      fi
    fi
  :: what == delivered ->
    if
    :: by == token && claimGen == gen && claimedAt == at ->
      deliveredAt = claimedAt;
      deliveredGen = gen;
      by = 0
    :: else
    fi
  :: what == release ->
    if
    :: by == token && claimGen == gen -> by = 0
    :: else
    fi
  fi
}

active proctype Engine() {
  mtype what;
  byte token;
  short at;
  byte r;
end:
  do
  :: atomic {
      if
      :: request[0]?what, token, at -> r = 0
      :: request[1]?what, token, at -> r = 1
#if RELAYS > 2
      :: request[2]?what, token, at -> r = 2
#endif
      fi;
      if
      :: doubles > 0 && nfull(request[r]) ->
        doubles--;
        faults++;
        request[r]!what, token, at
      :: true
      fi;
      execute(r, what, token, at);
      what = claim;
      token = 0;
      at = 0;
      r = 0
    }
  :: atomic {
      failovers > 0 && (copyBy != by || copyDeliveredAt != deliveredAt || copyUntil != until) ->
      copyBy = by;
      copyUntil = until;
      copyClaimedAt = claimedAt;
      copyClaimGen = claimGen;
      copyDeliveredAt = deliveredAt;
      copyDeliveredGen = deliveredGen
    }
  :: atomic {
      failovers > 0 ->
      failovers--;
      faults++;
      if
      :: by != 0 -> faults++
      :: else
      fi;
      by = copyBy;
      until = copyUntil;
      claimedAt = copyClaimedAt;
      claimGen = copyClaimGen;
      deliveredAt = copyDeliveredAt;
      deliveredGen = copyDeliveredGen;
      gen++;
      if
      :: skew = 0
      :: skew = 4
      fi
    }
  :: atomic {
      flushes > 0 ->
      flushes--;
      faults++;
      if
      :: by != 0 -> faults++
      :: else
      fi;
      by = 0;
      deliveredAt = NEVER;
      gen++
    }
  od
}

active proctype Clock() {
end:
  do
  :: atomic {
#ifdef WELL
      now < END && busy == 0 -> now++
#else
      now < END -> now++
#endif
    }
  od
}

active [RELAYS] proctype Relay() {
  byte r = _pid - 2;
  bool queued = false;
  short start = NEVER; /* of the local window */
  byte try = 0;
  bool isLeft = false; /* an answer may still come */
  byte token = 0;
  byte from = 0;
  mtype what = claim;
  short sentAt = 0;
  short age = 0;
end:
  do
  /* A mail comes. */
  :: atomic {
      mails > 0 ->
      mails--;
      if
      :: now - start < WINDOW ->
        assert(queued || now - tookAt < WINDOW)
      :: else ->
        start = now;
        queued = true
      fi
    }
  /* An admin deletes the mail: the next one is sent. */
  :: atomic {
      queued && mails > 0 ->
      queued = false;
      start = NEVER
    }
  /* An attempt begins. */
  :: atomic {
      queued && nfull(request[r]) ->
      if
      :: isLeft || doubles < DOUBLES -> try = (try + 1) % TRIES
      :: else
      fi;
      isLeft = false;
      token = 1 + r + RELAYS * try;
      sentAt = now;
      busy++;
      request[r]!claim, token, 0
    };
    do
    :: atomic {
        answer[r]?from, what, age ->
        if
        :: from == token -> break
        :: else
        fi
      }
    :: atomic {
        cuts > 0 ->
        cuts--;
        faults++;
        what = release; /* no answer in the patience */
        isLeft = true;
        if
        :: nfull(request[r]) -> request[r]!release, token, 0
        :: true
        fi;
        break
      }
    :: atomic {
        crashes > 0 ->
        crashes--;
        faults++;
        goto crashed
      }
    od;
    if
    :: atomic { what == taken -> busy-- } /* it stays queued and asks again */
    /* A next hop took another relay's mail: this one is a count, in one transaction, if the other is not too old by now. */
    :: what == covered ->
      if
      :: atomic {
          now - (sentAt - age) < WINDOW ->
          queued = false;
          start = sentAt - age;
          assert(tookAt != NEVER && start <= tookAt && now - tookAt < WINDOW);
          busy--
        }
      :: atomic { now - (sentAt - age) >= WINDOW -> busy-- }
      fi
    /* It is offered, under the claim if the lease allows. */
    :: what == won || what == release ->
      if
      :: what == won && now - sentAt >= LEASE -> /* stopped for too long: it leaves on its own account */
        atomic {
          faults++;
          what = release;
          if
          :: nfull(request[r]) -> request[r]!release, token, 0
          :: full(request[r])
          fi
        }
      :: else
      fi;
      if
      :: atomic {
          true ->
          take(sentAt);
          queued = false
        };
        if
        :: atomic {
            what == won && nfull(request[r]) ->
            request[r]!delivered, token, age;
            busy--
          }
        :: atomic {
            what == won && cuts > 0 -> /* the news are lost */
            cuts--;
            faults++;
            busy--
          }
        :: atomic { what == release -> busy-- }
        :: atomic {
            what == won && crashes > 0 ->
            crashes--;
            faults++;
            goto crashed
          }
        fi
      :: atomic {
          mails > 0 -> /* rejected for good: the next one is sent */
          queued = false;
          start = NEVER;
          giveUp();
          busy--
        }
      :: atomic {
          deferrals > 0 -> /* it is tried again */
          deferrals--;
          giveUp();
          busy--
        }
      :: atomic {
          crashes > 0 ->
          crashes--;
          faults++;
          goto crashed
        }
      fi
    fi;
    goto settled;
crashed: /* what is on disk stays: the queue and the local window */
    atomic {
      isLeft = true;
      busy--
    };
settled:
    atomic {
      token = 0;
      from = 0;
      what = claim;
      sentAt = 0;
      age = 0
    }
  od
}
