-- What the app's clients ask for when they start: a JSON object.
ALTER TABLE apps ADD COLUMN client_config TEXT NOT NULL DEFAULT '{}';
