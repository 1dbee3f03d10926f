//! The senders and texts of the sample messages.

/// The name in headers, the address, and the name at the end of a text.
pub(super) const PEOPLE: [(&str, &str, &str); 10] = [
    ("Ada Nowak", "ada.nowak@example.org", "Ada"),
    ("\"Tom O'Brien\"", "tom@example.com", "Tom"),
    (
        "=?utf-8?Q?J=C3=BCrgen_Wei=C3=9F?=",
        "juergen@example.net",
        "Jürgen",
    ),
    ("Priya Raman", "priya.raman@example.com", "Priya"),
    (
        "=?utf-8?Q?Zo=C3=A9_Lef=C3=A8vre?=",
        "zoe@example.org",
        "Zoé",
    ),
    ("Marek Havel", "m.havel@example.net", "Marek"),
    ("Library Desk", "desk@library.example.org", "Your library"),
    ("Chen Wei", "chen.wei@example.com", "Chen"),
    (
        "\"Accounts, Example Ltd\"",
        "billing@example.com",
        "Accounts",
    ),
    ("Ines Duarte", "ines@example.net", "Inês"),
];
/// Subjects, in the encoding of headers.
pub(super) const TOPICS: [&str; 16] = [
    "Minutes of Tuesday's meeting",
    "Draft of the spring newsletter",
    "Room change for the workshop",
    "Your order has been sent",
    "=?utf-8?Q?Einladung_zum_Sommerfest_=E2=80=93_bitte_antworten?=",
    "Backup finished with warnings",
    "Train times for Friday",
    "[parser] Long lines are cut at 998 octets",
    "Photos from the weekend",
    "Invoice 2025-0417",
    "=?utf-8?B?UsOpc3Vtw6kgZGUgbGEgcsOpdW5pb24=?=",
    "Question about the survey",
    "Reminder: books due next week",
    "Lunch?",
    "Figures for the second quarter",
    "Certificate for mail.example.net renewed",
];
/// Sentences for most messages.
pub(super) const SENTENCES: [&str; 16] = [
    "Thank you for the quick answer.",
    "I have put the latest numbers into the table, and the totals agree with last month's.",
    "Could you look through it before Thursday?",
    "The room on the second floor is taken, so we meet in the library instead.",
    "There were no objections, so we go ahead as planned.",
    "The printer needs the files by noon at the latest.",
    "It rained all Saturday, but the walk along the canal was lovely all the same.",
    "There is one open point: who brings the projector?",
    "I could not reproduce the fault here, not even with the large mailbox.",
    "Please keep the old address in the list until the end of the year.",
    "The second paragraph repeats what the introduction says already; I would drop it.",
    "We have had three new members since January.",
    "If the connection breaks, the transfer starts again from the beginning.",
    "Tickets are cheaper when bought a week ahead.",
    "My train gets in at twenty past nine.",
    "Let me know if anything is missing.",
];
/// Sentences for messages in UTF-8.
pub(super) const UTF8: [&str; 6] = [
    "Die Grüße aus Köln sind angekommen, vielen Dank dafür!",
    "Le café au coin de la rue rouvre lundi, à côté de la boulangerie.",
    "Příští schůzka je ve čtvrtek v půl sedmé.",
    "会議の資料を添付しました。ご確認ください。",
    "Το εισιτήριο κοστίζει 12 € – ή 9 € με έκπτωση.",
    "¿Mañana a las diez? Perfecto 👍",
];
