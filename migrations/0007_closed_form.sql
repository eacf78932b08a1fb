-- Networks made before they started in closed form (docs/adr/0006) cannot be opened any more: they retire, and their groups train anew.
UPDATE model SET retired_at = now() WHERE promoted_at IS NOT NULL AND retired_at IS NULL;
