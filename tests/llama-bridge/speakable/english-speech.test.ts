import { describe, expect, test } from "bun:test";
import { toSpeakable } from "../../../src/llama-bridge/speakable/speakable.ts";

type Row = readonly [written: string, spoken: string];

function table(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    test.each(rows.map(([written, spoken]) => [written, spoken] as const))(
      "%j is spoken as %j",
      (written, spoken) => {
        expect(toSpeakable(written, "en")).toBe(spoken);
      },
    );
  });
}

table("numbers", [
  ["We have 12 rooms.", "We have twelve rooms."],
  ["It is 0.", "It is zero."],
  ["1,234", "one thousand two hundred and thirty-four"],
  ["1,234.56", "one thousand two hundred and thirty-four point five six"],
  ["3.14", "three point one four"],
  ["1.05", "one point zero five"],
  ["1.234,5", "one thousand two hundred and thirty-four point five"],
  ["100,000", "one hundred thousand"],
  ["1,000,001", "one million and one"],
  ["999", "nine hundred and ninety-nine"],
  ["-5 points", "minus five points"],
  ["1.5 million people", "one point five million people"],
  ["007", "zero zero seven"],
  ["1234567890", "one two three, four five six, seven eight, nine zero"],
  ["version 1.2.3", "version one point two point three"],
  ["10, 20, 30", "ten, twenty, thirty"],
  ["5-10 minutes", "five to ten minutes"],
  ["5 – 10", "five to ten"],
  ["1/2 cup", "one half cup"],
  ["3/4", "three quarters"],
  ["2½ hours", "two and a half hours"],
  ["½ price", "one half price"],
  ["room A4", "room A four"],
  ["COVID-19", "COVID-nineteen"],
  ["24/7", "twenty-four seven"],
  ["0.5", "zero point five"],
]);

table("ordinals, dates and years", [
  ["the 1st, 2nd and 3rd", "the first, second and third"],
  ["the 12th", "the twelfth"],
  ["the 20th and 21st", "the twentieth and twenty-first"],
  ["the 101st", "the one hundred and first"],
  ["May 3, 2025", "May third, twenty twenty-five"],
  ["on May 3rd", "on May third"],
  ["Jan. 15", "January fifteenth"],
  ["2025-05-03", "May third, twenty twenty-five"],
  ["5/3/2025", "May third, twenty twenty-five"],
  ["25/12/2024", "December twenty-fifth, twenty twenty-four"],
  ["since 1999", "since nineteen ninety-nine"],
  ["in 1905", "in nineteen oh five"],
  ["in 1900", "in nineteen hundred"],
  ["in 2000", "in two thousand"],
  ["in 2007", "in two thousand and seven"],
  ["in 2026.", "in twenty twenty-six."],
]);

table("times", [
  ["at 10:30", "at ten thirty"],
  ["at 10:05 am", "at ten oh five A M"],
  ["at 9:00", "at nine o'clock"],
  ["9 a.m. sharp", "nine A M sharp"],
  ["until 5 p.m. Then we close.", "until five P M. Then we close."],
  ["It is 5 p.m.", "It is five P M."],
  ["on Tue., Nov. 25", "on Tuesday, November twenty-fifth"],
  ["2-4 pm", "two to four P M"],
  ["9am-5pm", "nine A M to five P M"],
  ["9:00 - 17:30", "nine o'clock to seventeen thirty"],
  ["Mon-Fri 9:00-17:00", "Monday to Friday nine o'clock to seventeen o'clock"],
]);

table("money, percentages and units", [
  ["$5", "five dollars"],
  ["$1", "one dollar"],
  ["$1.01", "one dollar and one cent"],
  ["$1,234.56", "one thousand two hundred and thirty-four dollars and fifty-six cents"],
  ["£0.99", "ninety-nine pence"],
  ["$10.00", "ten dollars"],
  ["€20", "twenty euros"],
  ["20 EUR", "twenty euros"],
  ["$5 million", "five million dollars"],
  ["$19.99/mo", "nineteen dollars and ninety-nine cents per month"],
  ["$5/night", "five dollars per night"],
  ["50%", "fifty percent"],
  ["2.5 %", "two point five percent"],
  ["5 km", "five kilometres"],
  ["1 km", "one kilometre"],
  ["100 km/h", "one hundred kilometres per hour"],
  ["20 °C", "twenty degrees Celsius"],
  ["-3°", "minus three degrees"],
  ["10 m²", "ten square metres"],
  ["16 GB", "sixteen gigabytes"],
  ["30 min", "thirty minutes"],
  ["2 kg", "two kilograms"],
]);

table("telephone numbers and addresses", [
  ["+1 555-123-4567", "plus one, five five five, one two three, four five, six seven"],
  ["(555) 123-4567", "five five five, one two three, four five, six seven"],
  ["030 123456", "zero three zero, one two three, four five six"],
  ["info@example.com", "info at example dot com"],
  ["jane.doe+x@mail.example.org", "jane dot doe plus x at mail dot example dot org"],
  ["https://example.com", "example dot com"],
  ["https://www.example.com/a?b=c", "w w w dot example dot com"],
  ["See example.com/help.", "See example dot com slash help."],
  ["<https://example.com>", "example dot com"],
  [
    "192.168.0.1",
    "one hundred and ninety-two point one hundred and sixty-eight point zero point one",
  ],
]);

table("abbreviations and symbols", [
  ["Mr. Smith and Dr. Jones", "Mister Smith and Doctor Jones"],
  ["e.g. this, i.e. that", "for example this, that is that"],
  ["pens, etc.", "pens, et cetera."],
  ["No. 5", "number five"],
  ["I said no.", "I said no."],
  ["St. Mary on Main St.", "Saint Mary on Main Street"],
  ["approx. 10", "approximately ten"],
  ["you vs. me", "you versus me"],
  ["salt & pepper", "salt and pepper"],
  ["2 + 2 = 4", "two plus two equals four"],
  ["#5", "number five"],
  ["#sale", "hashtag sale"],
  ["he/she", "he or she"],
  ["and/or", "and or"],
  ["5 < 6", "five is less than six"],
  ["3 x 4", "three times four"],
  ["~5 people", "about five people"],
  ["Really?!", "Really?"],
  ["Wait...", "Wait…"],
  ["a -> b", "a, b"],
]);
