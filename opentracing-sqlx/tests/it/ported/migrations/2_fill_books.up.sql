INSERT INTO ported_books (id, title, stock) VALUES (1, 'Emma', 3), (2, 'Persuasion', 1);
