-- The part of an Odoo database that Ownership touches, with columns as Odoo 19 has them.
CREATE TABLE ir_config_parameter (
  id serial PRIMARY KEY, key varchar NOT NULL UNIQUE, value text NOT NULL,
  create_uid int, write_uid int, create_date timestamp, write_date timestamp);
CREATE TABLE ir_model_data (module varchar, name varchar, res_id int);
CREATE TABLE ir_model_fields (id serial PRIMARY KEY, model varchar, name varchar);
CREATE TABLE ir_default (id serial PRIMARY KEY, field_id int, json_value varchar);
CREATE TABLE res_currency (id serial PRIMARY KEY, name varchar, active boolean);
CREATE TABLE res_country (id serial PRIMARY KEY, code varchar, currency_id int);
CREATE TABLE res_lang (id serial PRIMARY KEY, code varchar, active boolean);
CREATE TABLE res_partner (id serial PRIMARY KEY, name varchar, complete_name varchar, email varchar, lang varchar, country_id int);
CREATE TABLE res_company (id serial PRIMARY KEY, name varchar UNIQUE, email varchar, partner_id int, currency_id int);
CREATE TABLE res_users (id serial PRIMARY KEY, login varchar UNIQUE, password varchar, partner_id int);
CREATE TABLE orm_signaling_stable (id serial PRIMARY KEY, date timestamp DEFAULT now());
CREATE VIEW partners AS SELECT name FROM res_partner;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';

INSERT INTO ir_config_parameter (key, value) VALUES
  ('database.secret', 'the template''s secret'), ('database.uuid', '11111111-1111-1111-1111-111111111111'),
  ('web.base.url', 'http://localhost:8069'), ('ir_attachment.location', 'db');
INSERT INTO ir_model_data VALUES ('base', 'user_admin', 2), ('base', 'main_company', 1);
INSERT INTO ir_model_fields (model, name) VALUES ('res.partner', 'lang');
INSERT INTO ir_default (field_id, json_value) VALUES (1, '"en_US"');
INSERT INTO res_currency (name, active) VALUES ('USD', true), ('EUR', false);
INSERT INTO res_country (code, currency_id) VALUES ('US', 1), ('FR', 2);
INSERT INTO res_lang (code, active) VALUES ('en_US', true), ('fr_FR', true), ('de_DE', false);
INSERT INTO res_partner (name, complete_name, lang) VALUES ('My Company', 'My Company', 'en_US'), ('System', 'System', 'en_US'), ('Administrator', 'Administrator', 'en_US');
INSERT INTO res_company (name, partner_id, currency_id) VALUES ('My Company', 1, 1);
INSERT INTO res_users (login, password, partner_id) VALUES ('__system__', NULL, 2), ('admin', 'the template''s hash', 3);
