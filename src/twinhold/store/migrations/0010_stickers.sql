-- Stickers that accounts put on twins, and who may see and remove each. A sticker never changes,
-- so that its times can stand beside its recipients too, where lists find them.

CREATE TABLE stickers (
    twin {uuid} NOT NULL,
    account {uuid} NOT NULL,
    color {binary_text} NOT NULL,
    note {text},
    recipients {text} NOT NULL,
    publish {text},
    validity {bigint} NOT NULL,
    placed {bigint} NOT NULL,
    PRIMARY KEY (twin, account, color)
) {rowless};

CREATE TABLE sticker_recipients (
    twin {uuid} NOT NULL,
    account {uuid} NOT NULL,
    color {binary_text} NOT NULL,
    recipient {uuid} NOT NULL,
    validity {bigint} NOT NULL,
    placed {bigint} NOT NULL,
    PRIMARY KEY (twin, account, color, recipient)
) {rowless};

CREATE INDEX stickers_of_recipient
ON sticker_recipients (recipient, placed, account, twin, color, validity);
