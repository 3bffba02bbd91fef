import { describe, expect, test } from "bun:test";
import { toSpeakable } from "../../../src/llama-bridge/speakable/speakable.ts";

type Row = readonly [written: string, spoken: string];

function table(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    test.each(rows.map(([written, spoken]) => [written, spoken] as const))(
      "%j is spoken as %j",
      (written, spoken) => {
        expect(toSpeakable(written, "de-DE")).toBe(spoken);
      },
    );
  });
}

table("numbers", [
  ["Wir haben 12 Zimmer.", "Wir haben zwölf Zimmer."],
  ["0", "null"],
  ["1", "eins"],
  ["21", "einundzwanzig"],
  ["101", "einhunderteins"],
  ["1.234", "eintausendzweihundertvierunddreißig"],
  ["1.234,56", "eintausendzweihundertvierunddreißig Komma fünf sechs"],
  ["1,234.5", "eintausendzweihundertvierunddreißig Komma fünf"],
  ["101.000", "einhunderteintausend"],
  ["1.000.000", "eine Million"],
  ["2.000.001", "zwei Millionen eins"],
  ["3,14", "drei Komma eins vier"],
  ["0,5", "null Komma fünf"],
  ["-5 Punkte", "minus fünf Punkte"],
  ["007", "null null sieben"],
  ["Version 1.2.3", "Version eins Punkt zwei Punkt drei"],
  ["5-10 Tage", "fünf bis zehn Tage"],
  ["1/2", "ein halb"],
  ["2½", "zwei ein halb"],
  ["A4", "A vier"],
  ["1 Apfel", "ein Apfel"],
  ["1 Woche", "eine Woche"],
  ["1 Person", "eine Person"],
  ["24/7", "vierundzwanzig sieben"],
  ["in 10115 Berlin", "in eins null eins eins fünf Berlin"],
  ["1 Mio. Euro", "eine Million Euro"],
]);

table("ordinals, dates and years", [
  ["am 3. Mai", "am dritten Mai"],
  ["der 3. Mai", "der dritte Mai"],
  ["3. Mai", "dritter Mai"],
  ["am 1. Januar 2025", "am ersten Januar zweitausendfünfundzwanzig"],
  ["am 31. Dezember", "am einunddreißigsten Dezember"],
  ["am 03.05.2025", "am dritten Mai zweitausendfünfundzwanzig"],
  ["bis 3.5. geöffnet", "bis dritten Mai geöffnet"],
  ["2025-05-03", "dritter Mai zweitausendfünfundzwanzig"],
  ["vom 7. bis 8. Juni", "vom siebten bis achten Juni"],
  ["im 19. Jahrhundert", "im neunzehnten Jahrhundert"],
  ["das 2. Mal", "das zweite Mal"],
  ["seit 1999", "seit neunzehnhundertneunundneunzig"],
  ["im Jahr 1848", "im Jahr achtzehnhundertachtundvierzig"],
  ["2026", "zweitausendsechsundzwanzig"],
  ["am 03.05.2025.", "am dritten Mai zweitausendfünfundzwanzig."],
  ["am 3.5. 10 Uhr", "am dritten Mai zehn Uhr"],
  ["am 24.12.", "am vierundzwanzigsten Dezember"],
]);

table("times", [
  ["um 10:30 Uhr", "um zehn Uhr dreißig"],
  ["um 10.30 Uhr.", "um zehn Uhr dreißig."],
  ["um 10 Uhr", "um zehn Uhr"],
  ["um 1 Uhr", "um ein Uhr"],
  ["um 9:05", "um neun Uhr fünf"],
  ["9-17 Uhr", "neun bis siebzehn Uhr"],
  ["9:00 - 17:30 Uhr", "neun Uhr bis siebzehn Uhr dreißig"],
  ["**Mo.–Fr.:** 9:00–18:30 Uhr", "Montag bis Freitag: neun Uhr bis achtzehn Uhr dreißig"],
  ["So. geschlossen", "Sonntag geschlossen"],
  ["So. Das war es.", "So. Das war es."],
  ["Mo-Fr 8-12 Uhr", "Montag bis Freitag acht bis zwölf Uhr"],
  ["Mo. bis Fr. geöffnet", "Montag bis Freitag geöffnet"],
]);

table("money, percentages and units", [
  ["5 €", "fünf Euro"],
  ["1 €", "ein Euro"],
  ["101 €", "einhundertein Euro"],
  ["1.234,56 €", "eintausendzweihundertvierunddreißig Euro sechsundfünfzig"],
  ["19,99 EUR", "neunzehn Euro neunundneunzig"],
  ["0,99 €", "neunundneunzig Cent"],
  ["5,- €", "fünf Euro"],
  ["€ 20", "zwanzig Euro"],
  ["5 Mio. €", "fünf Millionen Euro"],
  ["9,90 €/Monat", "neun Euro neunzig pro Monat"],
  ["50 %", "fünfzig Prozent"],
  ["2,5%", "zwei Komma fünf Prozent"],
  ["5 km", "fünf Kilometer"],
  ["1 h", "eine Stunde"],
  ["2 h", "zwei Stunden"],
  ["1 km", "ein Kilometer"],
  ["100 km/h", "einhundert Kilometer pro Stunde"],
  ["20 °C", "zwanzig Grad Celsius"],
  ["80 m²", "achtzig Quadratmeter"],
  ["16 GB", "sechzehn Gigabyte"],
  ["2,5 kg", "zwei Komma fünf Kilogramm"],
  ["5 Min.", "fünf Minuten"],
]);

table("telephone numbers and addresses", [
  ["+49 30 123456", "plus vier neun, drei null, eins zwei drei, vier fünf sechs"],
  ["030/123456", "null drei null, eins zwei drei, vier fünf sechs"],
  ["0800 330 1000", "null acht, null null, drei drei null, eins null, null null"],
  ["info@example.com", "info ät example punkt com"],
  ["www.example.de/zeiten", "w w w punkt example punkt de Schrägstrich zeiten"],
  ["https://mein-laden.de", "mein Minus laden punkt de"],
]);

table("abbreviations and symbols", [
  ["z. B. Äpfel", "zum Beispiel Äpfel"],
  ["z.B. Äpfel", "zum Beispiel Äpfel"],
  ["d. h. nie", "das heißt nie"],
  ["Stifte usw.", "Stifte und so weiter."],
  ["u. a. das", "unter anderem das"],
  ["Dr. Müller", "Doktor Müller"],
  ["Nr. 5", "Nummer fünf"],
  ["Tel. 5", "Telefon fünf"],
  ["inkl. MwSt.", "inklusive Mehrwertsteuer."],
  ["ca. 10", "circa zehn"],
  ["bzw. nie", "beziehungsweise nie"],
  ["Hauptstr. 5", "Hauptstraße fünf"],
  ["Müller & Söhne", "Müller und Söhne"],
  ["2 + 2 = 4", "zwei plus zwei gleich vier"],
  ["3 x 4", "drei mal vier"],
  ["er/sie", "er oder sie"],
  ["und/oder", "und oder"],
  ["§ 5", "Paragraf fünf"],
  ["#5", "Nummer fünf"],
  ["30° warm", "dreißig Grad warm"],
  ["5 < 6", "fünf ist kleiner als sechs"],
]);
