/** Words that say where a sentence may be taken apart, for each language. */

export interface ClauseWords {
  /** A first clause that has got long enough may end before one of these. */
  readonly conjunctions: ReadonlySet<string>;
  /**
   * Words that never follow an ordinal, so that one of them behind "3." begins a sentence. Undefined
   * where ordinals are not written with a full stop.
   */
  readonly openers: ReadonlySet<string> | undefined;
}

const english: ClauseWords = {
  conjunctions: words("and but or so because although while when which where unless if since"),
  openers: undefined,
};

const german: ClauseWords = {
  conjunctions: words(
    "und aber oder denn weil dass obwohl während wenn sodass sondern damit falls sobald bevor nachdem",
  ),
  openers: words(
    "das der die dies diese dieser dieses es ich wir sie er ihr du man ein eine mein unser ihre " +
      "danach dann dort da hier bitte wenn falls und aber oder denn außerdem also auch so jetzt " +
      "möchten können haben soll darf ja nein gern gerne vielen wie was wo wann warum wer",
  ),
};

const others: ClauseWords = { conjunctions: new Set(), openers: new Set() };

export function clauseWordsOf(language: string): ClauseWords {
  if (language === "en") return english;
  return language === "de" ? german : others;
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}
