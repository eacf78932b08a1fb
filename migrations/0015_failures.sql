-- What counts against a notification is that it was not taken, not that the process which sent it ended meanwhile.
ALTER TABLE notification ADD COLUMN failures integer NOT NULL DEFAULT 0;
UPDATE notification SET failures = attempts;
